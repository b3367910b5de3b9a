import assert from 'node:assert/strict';
import test from 'node:test';

import { familiesOf, heldOutSets } from './families.mjs';

const set = (id, author) => ({ id, author });

test('sets of one author, of one stem or of one line of kinship are a family', () => {
  const families = familiesOf([
    set('fa6-solid', 'A'),
    set('fa', 'E'),
    set('fa-regular', 'B'),
    set('la', 'C'),
    set('other', 'c'),
    set('alone', 'D'),
  ]);
  assert.deepEqual(families, [['alone'], ['fa', 'fa-regular', 'fa6-solid', 'la', 'other']]);
});

test('two of five families of like size are held out, whole', () => {
  const families = Array.from({ length: 10 }, (_, i) => [`set${i}`, `set${i}-bold`]);
  const heldOut = heldOutSets(families, new Map(families.flat().map((id) => [id, 10])));
  assert.equal(heldOut.size, 8);
  for (const [plain, bold] of families) assert.equal(heldOut.has(plain), heldOut.has(bold));
});

test('the order in which families are given does not matter', () => {
  const families = Array.from({ length: 10 }, (_, i) => [`set${i}`]);
  const drawings = new Map(families.map(([id], i) => [id, 100 * i]));
  assert.deepEqual(
    [...heldOutSets(families, drawings)].sort(),
    [...heldOutSets(families.toReversed(), drawings)].sort(),
  );
});
