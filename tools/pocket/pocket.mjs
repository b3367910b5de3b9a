// Makes the pocket suite's data: `node pocket.mjs pairs|datasets FOLDER`.

import { readCatalogue } from './catalogue.mjs';
import { writeDatasets } from './datasets.mjs';
import { writePairs } from './pairs.mjs';

const kCommands = {
  pairs: async (folder) => [`${await writePairs(readCatalogue(), folder, log)} pairs`],
  datasets: async (folder) => writeDatasets(readCatalogue(), folder, log),
};

function log(line) {
  process.stderr.write(`${line}\n`);
}

const [command, folder] = process.argv.slice(2);
if (kCommands[command] && folder) {
  for (const line of await kCommands[command](folder)) process.stdout.write(`${line}\n`);
} else {
  log('usage: node pocket.mjs pairs|datasets FOLDER');
  process.exitCode = 2;
}
