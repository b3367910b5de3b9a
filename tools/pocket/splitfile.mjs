// Split files in the layout of Zhou et al.: {train, val, test} as lists of [path, label, class name].

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** A dataset's split file, in the dataset's folder. */
function pathOf(folder, id) {
  return join(folder, id, `split_zhou_${id}.json`);
}

/** Reads FOLDER/ID/split_zhou_ID.json. */
export function readSplit(folder, id) {
  return JSON.parse(readFileSync(pathOf(folder, id), 'utf8'));
}

/** Writes a split, an image a line, so that changes can be read. */
export function writeSplit(folder, id, split) {
  const sides = Object.entries(split).map(([side, images]) => {
    const lines = images.map((image) => `\n  ${JSON.stringify(image)}`);
    return `"${side}": [${lines.join(',')}${lines.length ? '\n' : ''}]`;
  });
  writeFileSync(pathOf(folder, id), `{\n${sides.join(',\n')}\n}\n`);
}

/** The icon set that a picture of a split was drawn from: CLASS/SET__ICON.png. */
export function setOf([path]) {
  return path.split('/')[1].split('__')[0];
}
