// What there is to draw: the free sets with their named icons, and which of them are held out.

import { familiesOf, heldOutSets } from './families.mjs';
import { namedIcons, sampleOfNames } from './names.mjs';
import { freeSets, iconsOf } from './sets.mjs';

/** Most drawings of one name that pre-training takes from a set; the split counts drawings so, too. */
const kMostOfAName = 2;

/**
 * The free sets in the order of their ids, each with its family, whether it is held out, its `icons` that
 * have a name and the `sample` of them with few drawings of a name.
 */
export function readCatalogue() {
  const sets = freeSets().map((set) => {
    const icons = namedIcons(set.id, iconsOf(set.id));
    return { ...set, icons, sample: sampleOfNames(icons, kMostOfAName) };
  });
  const families = familiesOf(sets);
  const heldOut = heldOutSets(families, new Map(sets.map(({ id, sample }) => [id, sample.length])));
  return sets.map((set) => ({
    ...set,
    family: families.find((ids) => ids.includes(set.id))[0],
    heldOut: heldOut.has(set.id),
  }));
}
