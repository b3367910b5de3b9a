// The datasets: drawings of the held-out sets by class, in the layout that promptbed reads.

import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { drawClasses } from './classes.mjs';
import { Drawer } from './drawing.mjs';
import { writeSplit } from './splitfile.mjs';
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

/**
 * The sets that the datasets take their drawings from: held-out ones, but none of logos, whose drawings are
 * the same everywhere. Synonyms and misnamed drawings are taken out of them.
 */
function datasetSets(catalogue, misnamed) {
  return catalogue
    .filter(({ heldOut, drawsLogos }) => heldOut && !drawsLogos)
    .map((set) => ({
      ...set,
      icons: set.icons.filter(({ icon, synonym }) => !synonym && !misnamed.has(`${set.id}:${icon}`)),
    }));
}

function folderOf(className) {
  return className.replaceAll(' ', '_');
}

/**
 * Writes pictures and split file of one dataset; `splits` maps class names, in the order of their labels, to
 * {train, val, test}.
 */
function writeDataset(id, splits, folder) {
  const part = join(folder, 'part');
  rmSync(part, { recursive: true, force: true });
  const lists = { train: [], val: [], test: [] };
  [...splits].forEach(([name, split], label) => {
    const classFolder = folderOf(name);
    mkdirSync(join(part, id, 'images', classFolder), { recursive: true });
    for (const [side, drawings] of Object.entries(split)) {
      for (const { set, icon, picture } of drawings) {
        const path = `${classFolder}/${set}__${icon}.png`;
        writeFileSync(join(part, id, 'images', path), picture);
        lists[side].push([path, label, name]);
      }
    }
  });
  writeSplit(part, id, lists);
  rmSync(join(folder, id), { recursive: true, force: true });
  renameSync(join(part, id), join(folder, id));
  rmSync(part, { recursive: true });
}

/**
 * Line of counts: classes, images to train on and to validate with, test images of the base half and of the
 * new one.
 */
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
function splitsOf(theme, drawn, log) {
  const splits = new Map();
  for (const name of [...drawn.keys()].sort()) {
    const drawings = drawn.get(name).slice(0, kMostOfAClass);
    const split = splitClass(name, drawings);
    if (drawings.length >= kLeastOfAClass && split.train.length >= kLeastTrain) splits.set(name, split);
    else
      log(`${theme.id}: ${name}: ${drawings.length} drawings, ${split.train.length} to train on; left out`);
  }
  return splits;
}

/** Writes all datasets and the shifted test set into FOLDER/data; returns the table of counts. */
export async function writeDatasets(catalogue, folder, log) {
  const { themes, shift, misnamed } = readThemes();
  const sets = datasetSets(catalogue, misnamed);
  const drawer = new Drawer(kSide, 'png');
  const table = ['| dataset | classes | train | val | test base | test new |', '|---|---|---|---|---|---|'];
  const write = (id, splits) => {
    writeDataset(id, splits, join(folder, 'data'));
    table.push(counts(id, splits));
  };
  for (const theme of themes.filter(({ id }) => id !== shift.source)) {
    write(theme.id, splitsOf(theme, await drawClasses(theme, sets, kMostOfASet, drawer, log), log));
  }
  const source = themes.find(({ id }) => id === shift.source);
  const isShifted = ({ id }) => shift.sets.includes(id);
  const shifted = await drawClasses(source, sets.filter(isShifted), kMostOfAShiftedSet, drawer, log);
  const others = sets.filter((set) => !isShifted(set));
  const drawn = await drawClasses(source, others, kMostOfASet, drawer, log);
  for (const [name, drawings] of shifted) if (drawings.length === 0) drawn.delete(name);
  const splits = splitsOf(source, drawn, log);
  write(source.id, splits);
  write(
    shift.id,
    new Map([...splits.keys()].map((name) => [name, { train: [], val: [], test: shifted.get(name) }])),
  );
  drawer.stop();
  return table;
}
