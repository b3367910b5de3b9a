// Which icon sets may be used, by the SPDX identifier of their licence.

const kFreeLicences = [
  /^MIT$/,
  /^Apache-2\.0$/,
  /^ISC$/,
  /^CC0-1\.0$/,
  /^CC-BY-\d\.\d$/,
  /^OFL-1\.1$/,
  /^MPL-2\.0$/,
];

/** Whether a set under this SPDX identifier may be drawn and passed on (with its author named). */
export function isFree(spdx) {
  return kFreeLicences.some((licence) => licence.test(spdx ?? ''));
}
