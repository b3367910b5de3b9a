import assert from 'node:assert/strict';
import test from 'node:test';

import { isFree } from './licences.mjs';

test('permissive licences are free', () => {
  for (const spdx of ['MIT', 'Apache-2.0', 'ISC', 'CC0-1.0', 'CC-BY-3.0', 'CC-BY-4.0', 'OFL-1.1', 'MPL-2.0'])
    assert(isFree(spdx), spdx);
});

test('share-alike, non-commercial, GPL and unknown ones are not', () => {
  for (const spdx of ['CC-BY-SA-4.0', 'CC-BY-NC-4.0', 'GPL-3.0', 'BSD-3-Clause', undefined])
    assert(!isFree(spdx), spdx);
});
