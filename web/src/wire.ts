// The binary form in which shapes travel; see serve/wire.py for its words.

import { SourceError, type Form } from "./source";

export interface Packet {
  header: Record<string, unknown>;
  latents: Float32Array[];
  forms: Form[];
}

export function unpack(buffer: ArrayBuffer): Packet {
  const bytes = new Uint8Array(buffer);
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(0, 4)) !== "SHS1") {
    throw new SourceError("the answer is not one of a shapespace server", false);
  }
  const length = new DataView(buffer).getUint32(4, true);
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const { count, resolution, latent_dim, threshold } = header as Record<string, number>;
  const start = 8 + length;
  const latents = Array.from({ length: count }, (_, i) => new Float32Array(buffer, start + 4 * i * latent_dim, latent_dim));
  const size = resolution ** 3;
  const grids = start + 4 * count * latent_dim;
  // a map may come without its shapes
  const there = buffer.byteLength - grids >= count * size;
  const forms = there
    ? latents.map((z, i) => ({ z, occupancy: bytes.subarray(grids + i * size, grids + (i + 1) * size), resolution, threshold }))
    : [];
  return { header, latents, forms };
}

/** Bits as numpy.packbits has them, the first in the highest place. */
export function packBits(voxels: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(voxels.length / 8));
  voxels.forEach((value, i) => {
    if (value) bits[i >> 3] |= 128 >> (i & 7);
  });
  return bits;
}

export function unpackBits(bits: Uint8Array, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (bits[i >> 3] >> (7 - (i & 7))) & 1);
}

export function toBase64(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}
