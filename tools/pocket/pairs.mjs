// The pairs for pre-training: drawings of the sets that are not held out, each with its name.

import { createWriteStream, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { Drawer, logLoss } from './drawing.mjs';
import { shuffled } from './hash.mjs';

const kSide = 64;

/** Writes with respect for a full buffer. */
async function write(stream, bytes) {
  if (!stream.write(bytes)) await new Promise((ready) => stream.once('drain', ready));
}

/** Draws the icons of one set; drawings that names share are drawn and written once. */
async function drawSet(set, drawer, pictures, offset, log) {
  const svgs = [...new Set(set.sample.map(({ svg }) => svg))];
  const drawings = await drawer.draw(svgs);
  const places = new Map();
  for (let i = 0; i < svgs.length; ++i) {
    if (!drawings[i]) {
      const { icon } = set.sample.find(({ svg }) => svg === svgs[i]);
      logLoss(`${set.id}:${icon}`, drawings[i], log);
      continue;
    }
    places.set(svgs[i], { offset, planes: drawings[i].length / (kSide * kSide) });
    await write(pictures, drawings[i]);
    offset += drawings[i].length;
  }
  const pairs = set.sample
    .filter(({ svg }) => places.has(svg))
    .map(({ svg, icon, name, category }) => ({
      ...places.get(svg),
      name,
      set: set.title,
      category,
      key: `${set.id}:${icon}`,
    }));
  return { pairs, offset };
}

/**
 * Writes pictures.bin (planes of 64 * 64 bytes, one picture after the other) and pairs.jsonl (one pair a
 * line, shuffled) to FOLDER/pairs. Both appear complete or not at all. Returns the number of pairs.
 */
export async function writePairs(catalogue, folder, log) {
  const target = join(folder, 'pairs');
  mkdirSync(target, { recursive: true });
  const picturesPath = join(target, 'pictures.bin');
  const pictures = createWriteStream(`${picturesPath}.part`);
  const drawer = new Drawer(kSide, 'planes');
  const pairs = [];
  let offset = 0;
  for (const set of catalogue.filter(({ heldOut }) => !heldOut)) {
    const drawn = await drawSet(set, drawer, pictures, offset, log);
    pairs.push(...drawn.pairs);
    offset = drawn.offset;
    log(`${set.id}: ${drawn.pairs.length} pairs`);
  }
  drawer.stop();
  await new Promise((done) => pictures.end(done));
  const lines = shuffled(pairs, ({ key }) => key).map(({ key, ...pair }) => `${JSON.stringify(pair)}\n`);
  const pairsPath = join(target, 'pairs.jsonl');
  writeFileSync(`${pairsPath}.part`, lines.join(''));
  renameSync(`${picturesPath}.part`, picturesPath);
  renameSync(`${pairsPath}.part`, pairsPath);
  return pairs.length;
}
