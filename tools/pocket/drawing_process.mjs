// The child process that draws. It answers each message {svgs, side, form} with the drawings in order.

import { Resvg } from '@resvg/resvg-js';

/**
 * Drawings with less ink than this share of the square count as blank (animated icons before their first
 * frame).
 */
const kLeastInk = 0.004;

/**
 * Planes of a drawing from premultiplied RGBA pixels: alpha alone where all ink is black, otherwise R, G, B
 * (straight) and A.
 */
function planesOf(pixels) {
  const size = pixels.length / 4;
  const planes = new Uint8Array(4 * size);
  let colour = false;
  for (let i = 0; i < size; ++i) {
    const alpha = pixels[4 * i + 3];
    planes[3 * size + i] = alpha;
    if (alpha === 0) continue;
    for (let c = 0; c < 3; ++c) {
      const value = Math.min(255, Math.round((pixels[4 * i + c] * 255) / alpha));
      planes[c * size + i] = value;
      if (value !== 0) colour = true;
    }
  }
  return colour ? planes : planes.slice(3 * size);
}

/**
 * Whether hardly anything is to be seen: too little opaque ink, or, on white, too little that is not white.
 */
function isBlank(pixels, onWhite) {
  let ink = 0;
  for (let i = 0; i < pixels.length; i += 4) {
    ink += onWhite ? 255 - Math.min(pixels[i], pixels[i + 1], pixels[i + 2]) : pixels[i + 3];
  }
  return ink < (kLeastInk * 255 * pixels.length) / 4;
}

/** One drawing: planes, or a PNG file on white; null where it is blank or no proper SVG. */
function draw(svg, side, form) {
  const isPng = form === 'png';
  try {
    const image = new Resvg(svg, {
      fitTo: { mode: 'width', value: side },
      font: { loadSystemFonts: false },
      ...(isPng && { background: '#fff' }),
    }).render();
    if (isBlank(image.pixels, isPng)) return null;
    return isPng ? image.asPng() : planesOf(image.pixels);
  } catch {
    return null;
  }
}

process.on('message', ({ svgs, side, form }) => {
  process.send(svgs.map((svg) => draw(svg, side, form)));
});
