// From the names of icons to names of things: "arrow-left-circle-20-filled" becomes "arrow left circle".

import { hashOf } from './hash.mjs';

/** Words that tell only of style or size wherever they end or begin a name. */
const kStyleWords = new Set(
  (
    '1x1 24px 4x3 alt alt2 baseline duotone fill filled monotone outline outlined rounded skintone ' +
    'twotone wordmark'
  ).split(' '),
);

/**
 * Words of style that can also be a thing's own ("line chart", "traffic light"): dropped only from sets that
 * use them often.
 */
const kDoubtfulWords = new Set(
  (
    'background block bold broken brand compact dark duo expressive f flat icon ios light line linear logo loop ' +
    'md medium mirrored negative o one print r regular remix round sharp small solid square thick thin three ' +
    'transition two'
  ).split(' '),
);

/** A doubtful word is one of style in a set where it ends (or begins) at least this share of the names. */
const kStyleShare = 0.03;
const kStyleNames = 10;

/** Sets whose icons are flags under the codes of countries. */
const kFlagSets = new Set(['circle-flags', 'cif', 'flag', 'flagpack']);
const kCountries = new Intl.DisplayNames(['en'], { type: 'region', fallback: 'none' });

function isStyle(word) {
  return kStyleWords.has(word) || /^\d+$/.test(word);
}

/** The words of an icon's name; numbers glued to a word of four or more letters are cut off ("android1"). */
function wordsOf(icon) {
  return icon
    .toLowerCase()
    .replace(/two[-_]tone/g, 'twotone')
    .replace(/skin[-_]tone/g, 'skintone')
    .split(/[-_\s]+/)
    .map((word) => word.replace(/^([a-z]{4,})\d+$/, '$1'))
    .filter((word) => word !== '');
}

/**
 * Drops words from both ends as long as they are ones to drop; a name made of such words alone stays as it
 * is.
 */
function trimmed(words, isLastDropped, isFirstDropped) {
  let [begin, end] = [0, words.length];
  while (end > begin && isLastDropped(words[end - 1])) --end;
  while (begin < end && isFirstDropped(words[begin])) ++begin;
  return begin < end ? words.slice(begin, end) : words;
}

/** The doubtful words that are ones of style in this set, at the given end of the names. */
function doubtfulStyles(names, wordAt) {
  const counts = new Map();
  for (const words of names) {
    const word = wordAt(words);
    if (words.length > 1 && kDoubtfulWords.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const least = Math.max(kStyleNames, kStyleShare * names.length);
  return new Set([...counts].filter(([, count]) => count >= least).map(([word]) => word));
}

/** Name of the flag with this code ("flag of Peru"), or '' where the code is no country's. */
export function flagName(icon) {
  const code = icon.split('-')[0].toUpperCase();
  const country = /^[A-Z]{2}$/.test(code) && /^..(-\dx\d)?$/.test(icon) ? kCountries.of(code) : undefined;
  return country ? `flag of ${country}` : '';
}

/** Clean names of a set's icons, in order; '' for those that have none (mere numbers). */
export function cleanNames(setId, icons) {
  if (kFlagSets.has(setId)) return icons.map(flagName);
  const names = icons.map(wordsOf);
  const plain = names.map((words) => trimmed(words, isStyle, isStyle));
  const last = doubtfulStyles(plain, (words) => words.at(-1));
  const first = doubtfulStyles(plain, (words) => words[0]);
  return names
    .map((words) =>
      trimmed(
        words,
        (word) => isStyle(word) || last.has(word),
        (word) => isStyle(word) || first.has(word),
      ).join(' '),
    )
    .map((name) => (/[a-z]/.test(name) ? name : ''));
}

/**
 * The icons of a set that have a name, with it and with a hash, in the order of the hashes; drawings under
 * their own names come before synonyms.
 */
export function namedIcons(setId, icons) {
  const names = cleanNames(
    setId,
    icons.map(({ icon }) => icon),
  );
  return icons
    .map((icon, i) => ({ ...icon, name: names[i], hash: hashOf(`${setId}:${icon.icon}`) }))
    .filter(({ name }) => name !== '')
    .sort((a, b) => Number(a.synonym) - Number(b.synonym) || (a.hash < b.hash ? -1 : 1));
}

/** The first of the named icons, at most `most` of a name; one drawing bears a name only once. */
export function sampleOfNames(icons, most) {
  const counts = new Map();
  const seen = new Set();
  return icons.filter(({ name, svg }) => {
    const key = `${name}\n${svg}`;
    const count = counts.get(name) ?? 0;
    if (count === most || seen.has(key)) return false;
    counts.set(name, count + 1);
    seen.add(key);
    return true;
  });
}
