import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { Drawer } from './drawing.mjs';
import { iconsOf } from './sets.mjs';

const planes = new Drawer(8, 'planes');
const png = new Drawer(8, 'png');
after(() => [planes, png].forEach((drawer) => drawer.stop()));

const square = (attributes) =>
  `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><rect width="8" height="8" ${attributes}/></svg>`;

test('black drawings are alpha alone', async () => {
  const [drawing] = await planes.draw([square('')]);
  assert.deepEqual([...drawing], Array(64).fill(255));
});

test('coloured drawings are four planes of straight colour', async () => {
  const [drawing] = await planes.draw([square('fill="#f00" opacity="0.5"')]);
  assert.equal(drawing.length, 256);
  assert.deepEqual([drawing[0], drawing[64], drawing[128], drawing[192]], [255, 0, 0, 128]);
});

test('what leaves no ink is blank, and so is white on white', async () => {
  assert.deepEqual(await planes.draw([square('opacity="0"')]), [null]);
  assert.deepEqual(await png.draw([square('fill="#fff"')]), [null]);
});

test('a drawing that the renderer dies of costs only itself', async () => {
  const fatal = iconsOf('noto').find(({ icon }) => icon === 'package').svg;
  const drawings = await png.draw([square(''), fatal, square('')]);
  assert.equal(drawings[1], undefined);
  assert(drawings[0].equals(drawings[2]));
});
