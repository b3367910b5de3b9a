// Makes the pocket suite's data: `node pocket.mjs pairs|datasets FOLDER`.

import { readCatalogue } from './catalogue.mjs';
import { writePairs } from './pairs.mjs';

const [command, folder] = process.argv.slice(2);
const log = (line) => process.stderr.write(`${line}\n`);
if (command === 'pairs' && folder) {
  log(`${await writePairs(readCatalogue(), folder, log)} pairs`);
} else {
  log('usage: node pocket.mjs pairs FOLDER');
  process.exitCode = 2;
}
