// A few dozen pictures of one dataset for the repository: something real for the tests and to try.

import { copyFileSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { readSplit, writeSplit } from './splitfile.mjs';

const kDataset = 'nature_food';
const kClasses = 10;
const kPictures = { train: 3, val: 1, test: 2 };

/** As many of the elements, at even distances. */
function spread(elements, count) {
  return Array.from({ length: count }, (_, i) => elements[Math.floor((i * elements.length) / count)]);
}

/** Some pictures of some classes, whose labels are numbered anew. */
function excerptOf(split) {
  const labels = [...new Set(split.test.map(([, label]) => label))].sort((a, b) => a - b);
  const chosen = spread(labels, kClasses);
  const picturesOf = (side, count) =>
    chosen.flatMap((label, newLabel) => {
      const images = split[side].filter((image) => image[1] === label);
      return spread(images, count).map(([path, , name]) => [path, newLabel, name]);
    });
  return Object.fromEntries(
    Object.entries(kPictures).map(([side, count]) => [side, picturesOf(side, count)]),
  );
}

/** Copies the excerpt of FOLDER's dataset to TARGET, in the layout of a dataset; returns its split. */
export function writeExcerpt(folder, target) {
  const excerpt = excerptOf(readSplit(folder, kDataset));
  rmSync(target, { recursive: true, force: true });
  for (const [path] of Object.values(excerpt).flat()) {
    const copy = join(target, kDataset, 'images', path);
    mkdirSync(dirname(copy), { recursive: true });
    copyFileSync(join(folder, kDataset, 'images', path), copy);
  }
  writeSplit(target, kDataset, excerpt);
  return excerpt;
}
