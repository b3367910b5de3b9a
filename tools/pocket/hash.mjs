// Every choice that is left to chance is made by a hash of what it is about, so that it is the same on every
// machine.

import { createHash } from 'node:crypto';

/** The SHA-256 of a text or a buffer, in hexadecimal. */
export function hashOf(content) {
  return createHash('sha256').update(content).digest('hex');
}

/** The elements in the order of the hashes of their keys: a shuffle that never changes. */
export function shuffled(elements, keyOf) {
  return elements
    .map((element) => ({ element, hash: hashOf(keyOf(element)) }))
    .sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0))
    .map(({ element }) => element);
}
