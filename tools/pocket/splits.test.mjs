import assert from 'node:assert/strict';
import test from 'node:test';

import { splitClass } from './splits.mjs';

const drawings = (sizes) =>
  sizes.flatMap((size, f) =>
    Array.from({ length: size }, (_, i) => ({ family: `family${f}`, icon: `${f}-${i}` })),
  );

test('a family falls on one side', () => {
  const split = splitClass('star', drawings([9, 7, 5, 4, 3, 3, 2, 2, 1, 1]));
  const sides = Object.values(split).map((side) => new Set(side.map(({ family }) => family)));
  assert.equal(
    sides.reduce((sum, { size }) => sum + size, 0),
    new Set(sides.flatMap((side) => [...side])).size,
  );
});

test('a class of 32 gives half to training and a fifth to validation', () => {
  const { train, val, test } = splitClass('star', drawings(Array(32).fill(1)));
  assert.deepEqual([train.length, val.length, test.length], [16, 6, 10]);
});

test('training and validation are bounded, the rest is for testing', () => {
  const { train, val, test } = splitClass('star', drawings(Array(80).fill(1)));
  assert.deepEqual([train.length, val.length, test.length], [20, 8, 52]);
});
