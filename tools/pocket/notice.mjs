// Whose drawings the pocket suite is made of.

import { writeFileSync } from 'node:fs';

import { packageVersions } from './sets.mjs';
import { readSplit, setOf } from './splitfile.mjs';
import { readThemes } from './themes.mjs';

function link(text, url) {
  return url ? `[${text}](${url})` : text;
}

function tableOf(sets, usesOf) {
  const rows = sets.map((set) => {
    const cells = [
      set.title,
      link(set.author, set.authorUrl),
      link(set.licence, set.licenceUrl),
      `\`${set.id}\``,
      usesOf(set),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return ['| set | author | licence | id | used for |', '|---|---|---|---|---|', ...rows].join('\n');
}

/**
 * Writes a Markdown file that names every set whose drawings were used: title, author, licence and addresses
 * as the sets' metadata state them, and what for. `excerpt` is the split of the pictures that lie in the
 * repository.
 */
export function writeNotice(catalogue, folder, excerpt, path) {
  const { themes, shift } = readThemes();
  const splits = [...themes, shift].map(({ id }) => readSplit(folder, id));
  const inDatasets = new Set(splits.flatMap((split) => Object.values(split).flat().map(setOf)));
  const inExcerpt = new Set(Object.values(excerpt).flat().map(setOf));
  const usesOf = ({ id, heldOut }) =>
    heldOut
      ? `datasets${inExcerpt.has(id) ? '; `pictures/` holds some of its drawings' : ''}`
      : 'pre-training';
  const used = catalogue.filter(({ id, heldOut }) => !heldOut || inDatasets.has(id));
  const [icons, renderer] = packageVersions();
  writeFileSync(
    path,
    `# Whose drawings these are

The pocket suite is made of drawings of ${used.length} icon sets, taken from the npm package ${icons}
and drawn with ${renderer} (MPL-2.0). Those marked "pre-training" make the
pairs that the model in \`model/\` was trained on; the datasets, whose features are in this folder, are drawings of
the sets marked "datasets"; no set is in both. Pictures themselves are only in \`pictures/\`: they are the icons in
raster form at 96 pixels on white, otherwise unchanged, each file named after its set and icon. Each set remains
under its own licence. Sets under other licences than MIT, Apache-2.0, ISC, CC0, CC-BY, OFL and MPL were not used.
Trade marks that some icons show belong to their owners.

\`tools/pocket\` writes this file from the sets' metadata.

${tableOf(used, usesOf)}
`,
  );
}
