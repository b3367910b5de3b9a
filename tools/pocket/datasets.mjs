// The datasets: drawings of the held-out sets by class, in the layout that promptbed reads.

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Drawer } from './drawing.mjs';
import { hashOf } from './hash.mjs';
import { splitClass } from './splits.mjs';
import { readThemes } from './themes.mjs';

const kSide = 96;

/** A class takes at most this many drawings from a set, and this many in all. */
const kMostOfASet = 4;
const kMostOfAClass = 80;

/** A class with fewer drawings, or with fewer to train on, is left out. */
const kLeastOfAClass = 32;
const kLeastTrain = 16;

/** The shifted test set, which trains nothing, takes more of a set. */
const kMostOfAShiftedSet = 6;

/** The sets that the datasets take their drawings from: held-out ones, but none of logos, whose drawings are the same everywhere. */
export function datasetSets(catalogue) {
  return catalogue.filter(({ heldOut, drawsLogos }) => heldOut && !drawsLogos);
}

/** Drawings of a theme's classes in these sets: {class name: [{set, family, icon, svg}]}, first ones of every set, then second ones. */
function candidates(theme, sets, mostOfASet) {
  const classes = new Map(theme.classNames.map((name) => [name, []]));
  for (const { id, family, icons } of sets) {
    const counts = new Map();
    for (const { icon, name, svg, hash } of icons) {
      const className = theme.classOfName.get(name);
      const rank = counts.get(className) ?? 0;
      if (className === undefined || rank === mostOfASet) continue;
      counts.set(className, rank + 1);
      classes.get(className).push({ set: id, family, icon, svg, rank, hash });
    }
  }
  for (const drawings of classes.values()) drawings.sort((a, b) => a.rank - b.rank || (a.hash < b.hash ? -1 : 1));
  return classes;
}

/** Draws the candidates. Pictures that a class has twice are kept once, those that two classes have are left out. */
async function drawClasses(classes, drawer, log) {
  const owners = new Map();
  const drawn = new Map();
  for (const [name, drawings] of classes) {
    const pictures = await drawer.draw(drawings.map(({ svg }) => svg));
    const seen = new Set();
    const kept = [];
    drawings.forEach(({ svg, ...drawing }, i) => {
      const picture = pictures[i];
      if (!picture) return log(`${drawing.set}:${drawing.icon}: ${picture === null ? 'blank' : 'the renderer aborts'}; left out`);
      const digest = hashOf(picture);
      if (seen.has(digest)) return;
      seen.add(digest);
      owners.set(digest, (owners.get(digest) ?? 0) + 1);
      kept.push({ ...drawing, picture, digest });
    });
    drawn.set(name, kept);
  }
  for (const [name, drawings] of drawn) drawn.set(name, drawings.filter(({ digest }) => owners.get(digest) === 1));
  return drawn;
}

function folderOf(className) {
  return className.replaceAll(' ', '_');
}

/** Writes pictures and split file of one dataset; `splits` maps class names, in the order of their labels, to {train, val, test}. */
function writeDataset(id, splits, folder) {
  const target = join(folder, id);
  const part = `${target}.part`;
  rmSync(part, { recursive: true, force: true });
  const lists = { train: [], val: [], test: [] };
  [...splits].forEach(([name, split], label) => {
    const classFolder = folderOf(name);
    mkdirSync(join(part, 'images', classFolder), { recursive: true });
    for (const [side, drawings] of Object.entries(split)) {
      for (const { set, icon, picture } of drawings) {
        const path = `${classFolder}/${set}__${icon}.png`;
        writeFileSync(join(part, 'images', path), picture);
        lists[side].push([path, label, name]);
      }
    }
  });
  writeFileSync(join(part, `split_zhou_${id}.json`), splitText(lists));
  rmSync(target, { recursive: true, force: true });
  renameSync(part, target);
}

/** A split file's text, an image a line. */
export function splitText(lists) {
  const sides = Object.entries(lists).map(([side, images]) => {
    const lines = images.map((image) => `\n  ${JSON.stringify(image)}`);
    return `"${side}": [${lines.join(',')}${lines.length ? '\n' : ''}]`;
  });
  return `{\n${sides.join(',\n')}\n}\n`;
}

/** Line of counts: classes, images to train on and to validate with, test images of the base half and of the new one. */
function counts(id, splits) {
  const sides = [...splits.values()];
  const sum = (classes, side) => classes.reduce((total, split) => total + split[side].length, 0);
  const half = Math.ceil(sides.length / 2);
  const numbers = [
    sides.length,
    sum(sides, 'train'),
    sum(sides, 'val'),
    sum(sides.slice(0, half), 'test'),
    sum(sides.slice(half), 'test'),
  ];
  return `| ${id} | ${numbers.join(' | ')} |`;
}

/** The splits of the classes that have enough drawings, in alphabetical order. */
function splitsOf(theme, drawn, isWanted, log) {
  const splits = new Map();
  for (const name of [...drawn.keys()].sort()) {
    const drawings = drawn.get(name).slice(0, kMostOfAClass);
    const split = splitClass(name, drawings);
    const enough = drawings.length >= kLeastOfAClass && split.train.length >= kLeastTrain;
    if (enough && isWanted(name)) splits.set(name, split);
    else log(`${theme.id}: ${name}: ${drawings.length} drawings, ${split.train.length} to train on; left out`);
  }
  return splits;
}

/** Writes all datasets and the shifted test set into FOLDER/data; returns the table of counts. */
export async function writeDatasets(catalogue, folder, log) {
  const target = join(folder, 'data');
  const drawer = new Drawer(kSide, 'png');
  const { themes, shift, misnamed } = readThemes();
  const heldOut = datasetSets(catalogue).map((set) => ({
    ...set,
    icons: set.icons.filter(({ icon, synonym }) => !synonym && !misnamed.has(`${set.id}:${icon}`)),
  }));
  const table = ['| dataset | classes | train | val | test base | test new |', '|---|---|---|---|---|---|'];
  for (const theme of themes) {
    const isSource = theme.id === shift.source;
    const isShifted = ({ id }) => isSource && shift.sets.includes(id);
    const sets = heldOut.filter((set) => !isShifted(set));
    const drawn = await drawClasses(candidates(theme, sets, kMostOfASet), drawer, log);
    const shifted = isSource
      ? await drawClasses(candidates(theme, heldOut.filter(isShifted), kMostOfAShiftedSet), drawer, log)
      : undefined;
    const isWanted = (name) => !shifted || shifted.get(name).length > 0;
    const splits = splitsOf(theme, drawn, isWanted, log);
    writeDataset(theme.id, splits, target);
    table.push(counts(theme.id, splits));
    if (!shifted) continue;
    const tests = new Map([...splits.keys()].map((name) => [name, { train: [], val: [], test: shifted.get(name) }]));
    writeDataset(shift.id, tests, target);
    table.push(counts(shift.id, tests));
  }
  drawer.stop();
  return table;
}
