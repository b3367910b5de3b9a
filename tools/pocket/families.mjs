// Families of icon sets, and the split into those to pre-train on and those held out for the datasets.

import { hashOf } from './hash.mjs';

/**
 * Sets drawn after one another by different authors: each line is one family whatever the rules below say.
 */
const kKinship = [
  ['material-symbols', 'ic', 'mdi', 'zmdi', 'line-md'],
  ['feather', 'lucide', 'fe', 'meteor-icons', 'vadivam'],
  ['ion', 'famicons'],
  ['fa', 'la', 'vaadin'],
  ['heroicons', 'heroicons-outline', 'sidekickicons'],
  ['simple-icons', 'thesvg', 'logos', 'selfhst', 'devicon', 'skill-icons', 'gcp', 'k8s', 'unjs'],
  ['token', 'cryptocurrency'],
  ['vscode-icons', 'material-icon-theme', 'catppuccin', 'file-icons'],
  ['maki', 'temaki', 'pinhead', 'osmic', 'roentgen', 'map', 'geo', 'gis'],
  ['noto', 'fxemoji'],
  ['oui', 'ooui'],
  ['flag', 'circle-flags', 'flagpack', 'cif'],
];

/**
 * Of each group of five families of like size, this many are held out: about 40 % of families and of
 * drawings.
 */
const kGroup = 5;
const kHeldOut = 2;

/** First part of a set's id without its number: "fa6-solid" belongs to "fa". */
function stemOf(id) {
  return id.split('-')[0].replace(/\d+$/, '');
}

/**
 * The families: lists of set ids. Two sets belong together where they have the author, the stem of their ids
 * or a line of kKinship in common.
 */
export function familiesOf(sets) {
  const families = new Map();
  const marks = new Map();
  const join = (id, mark) => {
    const [mine, other] = [families.get(id), families.get(marks.get(mark))];
    marks.set(mark, id);
    if (!other || other === mine) return;
    for (const member of other) {
      mine.push(member);
      families.set(member, mine);
    }
  };
  for (const { id, author } of sets) {
    families.set(id, [id]);
    join(id, `author ${author.toLowerCase()}`);
    join(id, `stem ${stemOf(id)}`);
    const line = kKinship.findIndex((ids) => ids.includes(id));
    if (line >= 0) join(id, `kinship ${line}`);
  }
  return [...new Set(families.values())].map((ids) => ids.sort()).sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

/**
 * Ids of the sets that are held out. Families are put in the order of their numbers of drawings and cut into
 * groups of five; in each group the two with the smallest hashes of their first ids are held out.
 */
export function heldOutSets(families, drawings) {
  const sizes = new Map(families.map((ids) => [ids, ids.reduce((sum, id) => sum + drawings.get(id), 0)]));
  const ordered = [...families].sort((a, b) => sizes.get(b) - sizes.get(a) || (a[0] < b[0] ? -1 : 1));
  const heldOut = new Set();
  for (let begin = 0; begin < ordered.length; begin += kGroup) {
    const group = ordered.slice(begin, begin + kGroup);
    group.sort((a, b) => (hashOf(a[0]) < hashOf(b[0]) ? -1 : 1));
    const count = Math.round((group.length * kHeldOut) / kGroup);
    for (const ids of group.slice(0, count)) for (const id of ids) heldOut.add(id);
  }
  return heldOut;
}
