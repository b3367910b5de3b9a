// The class lists, written by hand: what the datasets are about and which icon names mean which class.

import { readFileSync } from 'node:fs';

/** Complains about a name that would put one drawing into two classes. */
function classOfName(id, classes) {
  const owners = new Map();
  for (const [name, icons] of Object.entries(classes)) {
    for (const icon of icons) {
      if (owners.has(icon)) {
        throw new Error(
          `classes.json: ${id}: "${icon}" stands in "${owners.get(icon)}" and in "${name}"; keep one`,
        );
      }
      owners.set(icon, name);
    }
  }
  return owners;
}

/**
 * The themes of classes.json: a list of {id, title, classNames, classOfName} where classOfName maps an icon's
 * clean name to its class; the shifted test set {id, title, source, sets}; and `misnamed`, drawings
 * ("set:icon") that are something else than their names say.
 */
export function readThemes() {
  const { datasets, misnamed, shift } = JSON.parse(
    readFileSync(new URL('classes.json', import.meta.url), 'utf8'),
  );
  const themes = Object.entries(datasets).map(([id, { title, classes }]) => ({
    id,
    title,
    classNames: Object.keys(classes),
    classOfName: classOfName(id, classes),
  }));
  return { themes, shift, misnamed: new Set(misnamed) };
}
