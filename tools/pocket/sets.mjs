// The icon sets of @iconify/json: their metadata and their icons as SVG texts.

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

import { isFree } from './licences.mjs';

const kRequire = createRequire(import.meta.url);
const kFolder = dirname(kRequire.resolve('@iconify/json/package.json'));
const kMargin = 0.06;
const kDefaultSide = 16;

function readJson(path) {
  return JSON.parse(readFileSync(path, 'utf8'));
}

/**
 * Name and version of the two packages that the pictures come from, as their own package.json states them.
 */
export function packageVersions() {
  return ['@iconify/json', '@resvg/resvg-js'].map((name) => {
    const { version } = kRequire(`${name}/package.json`);
    return `${name} ${version}`;
  });
}

/** Whether a set draws the marks of firms and programs rather than things. */
function drawsLogos({ name, category }) {
  return category === 'Logos' || category === 'Programming' || /\bBrands\b/.test(name);
}

/**
 * The sets under a free licence in the order of their ids: {id, title, author, authorUrl, licence,
 * licenceUrl, drawsLogos}.
 */
export function freeSets() {
  const collections = readJson(join(kFolder, 'collections.json'));
  return Object.entries(collections)
    .filter(([, info]) => isFree(info.license.spdx))
    .map(([id, info]) => ({
      id,
      title: info.name,
      author: info.author.name,
      authorUrl: info.author.url ?? '',
      licence: info.license.spdx,
      licenceUrl: info.license.url ?? '',
      drawsLogos: drawsLogos(info),
    }))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Follows an alias to its icon; flips and quarter turns add up along the way. */
function resolve(data, name) {
  const icon = data.icons[name];
  if (icon) return icon;
  const { parent, ...own } = data.aliases[name];
  const base = resolve(data, parent);
  return {
    ...base,
    ...own,
    hFlip: Boolean(base.hFlip) !== Boolean(own.hFlip),
    vFlip: Boolean(base.vFlip) !== Boolean(own.vFlip),
    rotate: ((base.rotate ?? 0) + (own.rotate ?? 0)) % 4,
  };
}

/** The icon as a square SVG with a margin, its own colour being black; the content is centred. */
function svgOf(icon, data) {
  const width = icon.width ?? data.width ?? kDefaultSide;
  const height = icon.height ?? data.height ?? kDefaultSide;
  const middleX = (icon.left ?? data.left ?? 0) + width / 2;
  const middleY = (icon.top ?? data.top ?? 0) + height / 2;
  const side = Math.max(width, height) / (1 - 2 * kMargin);
  const box = [middleX - side / 2, middleY - side / 2, side, side].join(' ');
  const turn = `rotate(${90 * (icon.rotate ?? 0)})`;
  const flip = `scale(${icon.hFlip ? -1 : 1} ${icon.vFlip ? -1 : 1})`;
  const moves = `translate(${middleX} ${middleY}) ${turn} ${flip} translate(${-middleX} ${-middleY})`;
  const namespaces = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"';
  return `<svg ${namespaces} viewBox="${box}" color="#000"><g transform="${moves}">${icon.body}</g></svg>`;
}

/** Category of each icon name, where the set has them. */
function categoriesOf(data) {
  const categories = new Map();
  for (const [category, names] of Object.entries(data.categories ?? {})) {
    for (const name of names) if (!categories.has(name)) categories.set(name, category);
  }
  return categories;
}

/** An alias's category is its own or the one of the icon that it leads to. */
function categoryOf(data, categories, name) {
  const own = categories.get(name);
  if (own !== undefined) return own;
  const alias = data.aliases?.[name];
  return alias && !data.icons[name] ? categoryOf(data, categories, alias.parent) : '';
}

/**
 * The icons of a set: {icon, svg, category, synonym}; hidden ones (which the set has withdrawn) are left out.
 * A synonym is another name for a drawing that the set has under its own name too.
 */
export function iconsOf(id) {
  const data = readJson(join(kFolder, 'json', `${id}.json`));
  const categories = categoriesOf(data);
  return [...Object.keys(data.icons), ...Object.keys(data.aliases ?? {})]
    .map((name) => ({ name, resolved: resolve(data, name) }))
    .filter(({ resolved }) => !resolved.hidden)
    .map(({ name, resolved }) => {
      const alias = data.icons[name] ? undefined : data.aliases[name];
      return {
        icon: name,
        svg: svgOf(resolved, data),
        category: categoryOf(data, categories, name),
        synonym: alias !== undefined && !alias.hFlip && !alias.vFlip && !alias.rotate,
      };
    });
}
