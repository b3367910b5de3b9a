// The drawings of a theme's classes.

import { logLoss } from './drawing.mjs';
import { hashOf } from './hash.mjs';

/**
 * Drawings of a theme's classes in these sets: {class name: [{set, family, icon, svg}]}, first ones of every
 * set, then second ones.
 */
function candidates(theme, sets, mostOfASet) {
  const classes = new Map(theme.classNames.map((name) => [name, []]));
  for (const { id, family, icons } of sets) {
    const counts = new Map();
    for (const { icon, name, svg, hash } of icons) {
      const className = theme.classOfName.get(name);
      const rank = counts.get(className) ?? 0;
      if (className === undefined || rank === mostOfASet) continue;
      counts.set(className, rank + 1);
      classes.get(className).push({ set: id, family, icon, svg, rank, hash });
    }
  }
  for (const drawings of classes.values())
    drawings.sort((a, b) => a.rank - b.rank || (a.hash < b.hash ? -1 : 1));
  return classes;
}

/**
 * Draws a theme's classes with at most `mostOfASet` drawings of a class from a set: {class name: [{set,
 * family, icon, picture}]}, first ones of every set, then second ones. Pictures that a class has twice are
 * kept once, those that two classes have are left out.
 */
export async function drawClasses(theme, sets, mostOfASet, drawer, log) {
  const owners = new Map();
  const drawn = new Map();
  for (const [name, drawings] of candidates(theme, sets, mostOfASet)) {
    const pictures = await drawer.draw(drawings.map(({ svg }) => svg));
    const seen = new Set();
    const kept = [];
    drawings.forEach(({ svg, ...drawing }, i) => {
      const picture = pictures[i];
      if (!picture) return logLoss(`${drawing.set}:${drawing.icon}`, picture, log);
      const digest = hashOf(picture);
      if (seen.has(digest)) return;
      seen.add(digest);
      owners.set(digest, (owners.get(digest) ?? 0) + 1);
      kept.push({ ...drawing, picture, digest });
    });
    drawn.set(name, kept);
  }
  const isUnique = ({ digest }) => owners.get(digest) === 1;
  return new Map([...drawn].map(([name, drawings]) => [name, drawings.filter(isUnique)]));
}
