// How the drawings of a class are shared out among training, validation and test.

import { hashOf } from './hash.mjs';

/**
 * Shares of a class, and how many drawings training and validation take at most; the test part has no bound.
 */
const kTrainShare = 0.5;
const kValShare = 0.2;
const kMostTrain = 20;
const kMostVal = 8;

/** Families in the order of their numbers of drawings, those of a number in the order of their hashes. */
function byFamily(className, drawings) {
  const families = new Map();
  for (const drawing of drawings)
    families.set(drawing.family, [...(families.get(drawing.family) ?? []), drawing]);
  return [...families]
    .map(([family, members]) => ({ members, hash: hashOf(`${className}:${family}`) }))
    .sort((a, b) => b.members.length - a.members.length || (a.hash < b.hash ? -1 : 1))
    .map(({ members }) => members);
}

/**
 * Shares out the drawings ({family, ...}) of a class: {train, val, test}. All drawings of one family of icon
 * sets fall on the same side, since they are near duplicates. Largest families first, each goes where most
 * drawings are still wanted; what a side has beyond its bound is left out.
 */
export function splitClass(className, drawings) {
  const wanted = {
    train: Math.min(kMostTrain, Math.ceil(kTrainShare * drawings.length)),
    val: Math.min(kMostVal, Math.round(kValShare * drawings.length)),
  };
  wanted.test = drawings.length - wanted.train - wanted.val;
  const split = { train: [], val: [], test: [] };
  for (const members of byFamily(className, drawings)) {
    const lack = (side) => wanted[side] - split[side].length;
    const side = Object.keys(split).reduce((best, other) => (lack(other) > lack(best) ? other : best));
    split[side].push(...members);
  }
  split.train.length = Math.min(split.train.length, kMostTrain);
  split.val.length = Math.min(split.val.length, kMostVal);
  return split;
}
