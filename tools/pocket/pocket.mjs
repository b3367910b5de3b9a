// Makes the pocket suite's data: `node pocket.mjs pairs|datasets FOLDER` and `node pocket.mjs embed FOLDER
// DATASETS`.

import { join } from 'node:path';

import { readCatalogue } from './catalogue.mjs';
import { writeDatasets } from './datasets.mjs';
import { writeDescriptions } from './descriptions.mjs';
import { writeExcerpt } from './excerpt.mjs';
import { writeNotice } from './notice.mjs';
import { writePairs } from './pairs.mjs';

function log(line) {
  process.stderr.write(`${line}\n`);
}

/** Writes what the repository holds about the datasets in FOLDER/data into its folder of suites. */
function embed(folder, suites) {
  const data = join(folder, 'data');
  writeDescriptions(data, suites);
  const excerpt = writeExcerpt(data, join(suites, 'pocket', 'pictures'));
  writeNotice(readCatalogue(), data, excerpt, join(suites, 'pocket', 'NOTICE.md'));
}

const [command, ...folders] = process.argv.slice(2);
if (command === 'pairs' && folders.length === 1) {
  console.log(`${await writePairs(readCatalogue(), folders[0], log)} pairs`);
} else if (command === 'datasets' && folders.length === 1) {
  console.log((await writeDatasets(readCatalogue(), folders[0], log)).join('\n'));
} else if (command === 'embed' && folders.length === 2) {
  embed(...folders);
} else {
  log('usage: node pocket.mjs pairs FOLDER | datasets FOLDER | embed FOLDER SUITES');
  process.exitCode = 2;
}
