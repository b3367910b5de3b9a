import assert from 'node:assert/strict';
import test from 'node:test';

import { cleanNames, sampleOfNames } from './names.mjs';

test('words of style and size go from the end of a name', () => {
  assert.deepEqual(cleanNames('any', ['arrow-left-circle-20-filled', 'home-outlined', 'user_24px']), [
    'arrow left circle',
    'home',
    'user',
  ]);
});

test('two-tone and skin-tone count as one word', () => {
  assert.deepEqual(cleanNames('any', ['folder-open-two-tone']), ['folder open']);
});

test('numbers glued to long words go, those of short ones stay', () => {
  assert.deepEqual(cleanNames('any', ['android1', 'mp3']), ['android', 'mp3']);
});

test('a name made of words of style alone stays', () => {
  assert.deepEqual(cleanNames('any', ['fill']), ['fill']);
});

test('a doubtful word goes only where the set uses it often', () => {
  const things = Array.from({ length: 10 }, (_, i) => `thing${'abcdefghij'[i]}-line`);
  assert.equal(cleanNames('often', [...things, 'star-line']).at(-1), 'star');
  assert.deepEqual(cleanNames('seldom', ['star-line', 'star']), ['star line', 'star']);
});

test('mere numbers have no name', () => {
  assert.deepEqual(cleanNames('any', ['123', '4-5']), ['', '']);
});

test('flags are called by their countries, other codes have no name', () => {
  assert.deepEqual(cleanNames('flag', ['pe-4x3', 'gb-eng-4x3', 'arab-1x1']), ['flag of Peru', '', '']);
});

test('a sample keeps so many of a name, and no drawing twice under one name', () => {
  const icons = ['a', 'a', 'b', 'c'].map((svg, i) => ({ name: 'star', svg, icon: `star-${i}` }));
  assert.deepEqual(
    sampleOfNames(icons, 2).map(({ icon }) => icon),
    ['star-0', 'star-2'],
  );
});
