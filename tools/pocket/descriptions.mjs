// The suites' descriptions that promptbed reads: one JSON file for each dataset and one for each suite.

import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { packageVersions } from './sets.mjs';
import { readSplit, setOf } from './splitfile.mjs';
import { readThemes } from './themes.mjs';

function writeJson(path, value) {
  writeFileSync(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** Where a dataset's pictures come from. */
function sourceOf(split) {
  const sets = new Set(Object.values(split).flat().map(setOf));
  const [icons, renderer] = packageVersions();
  return (
    `Drawn with the npm package ${renderer} from ${sets.size} icon sets of ${icons}, ` +
    'each under its own licence: see datasets/pocket/NOTICE.md. tools/pocket makes it.'
  );
}

/** A suite that embeds its splits and sealed features, and the path of its model. */
function writeSuite(target, id, title, model, datasets, folder) {
  mkdirSync(join(target, id), { recursive: true });
  writeJson(join(target, id, 'suite.json'), {
    id,
    title,
    datasets: datasets.map((dataset) => dataset.id),
    model,
    data: 'data',
    features: 'features',
  });
  for (const dataset of datasets) {
    writeJson(join(target, id, `${dataset.id}.json`), {
      id: dataset.id,
      title: dataset.title,
      folder: dataset.id,
      images: 'images',
      split: { kind: 'zhou', file: `split_zhou_${dataset.id}.json` },
      template: 'an icon of a {}.',
      context_init: 'an icon of a',
      source: sourceOf(readSplit(folder, dataset.id)),
    });
    const split = join(dataset.id, `split_zhou_${dataset.id}.json`);
    mkdirSync(join(target, id, 'data', dataset.id), { recursive: true });
    copyFileSync(join(folder, split), join(target, id, 'data', split));
  }
}

/** Writes the descriptions and splits of TARGET/pocket and TARGET/pocket_shift for the datasets in FOLDER. */
export function writeDescriptions(folder, target) {
  const { themes, shift } = readThemes();
  writeSuite(target, 'pocket', 'Pocket: few-shot datasets of icon drawings', 'model', themes, folder);
  const shiftTitle = 'Pocket shift: the same classes in other styles';
  writeSuite(target, 'pocket_shift', shiftTitle, '../pocket/model', [shift], folder);
}
