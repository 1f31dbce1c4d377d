// What is seen, as the part of the address behind #, and back.

import type { Look, Stand } from "./scene";
import { fromBase64, packBits, toBase64, unpackBits } from "./wire";

export interface Seen {
  space: string;
  z: Float32Array;
  cut: number | null; // the threshold, where it is not the space's own
  look: Look;
  stand: Stand;
  voxels: Uint8Array | null; // 0 and 1, where the shape was built upon
  resolution: number;
}

export function toFragment(seen: Seen): string {
  const parts = new URLSearchParams({
    space: seen.space,
    look: seen.look,
    from: [seen.stand.azimuth, seen.stand.elevation, seen.stand.distance].map((value) => value.toFixed(2)).join(","),
    z: urlSafe(toBase64(new Uint8Array(seen.z.slice().buffer))),
  });
  if (seen.cut !== null) parts.set("cut", String(seen.cut));
  if (seen.voxels) {
    parts.set("side", String(seen.resolution));
    parts.set("voxels", urlSafe(toBase64(packBits(seen.voxels))));
  }
  return parts.toString();
}

/** What a fragment says, or null if it says nothing that can be shown. */
export function fromFragment(fragment: string): Seen | null {
  try {
    const parts = new URLSearchParams(fragment.replace(/^#/, ""));
    const [space, z] = [parts.get("space"), parts.get("z")];
    if (!space || !z) return null;
    const numbers = new Float32Array(plain(z).buffer as ArrayBuffer);
    const [azimuth, elevation, distance] = (parts.get("from") ?? "30,22,2.4").split(",").map(Number);
    const look = (["smooth", "voxels", "edit"] as const).find((name) => name === parts.get("look")) ?? "smooth";
    const cut = parts.has("cut") ? Number(parts.get("cut")) : null;
    if (cut !== null && !(cut > 0 && cut < 1)) return null;
    const resolution = Number(parts.get("side") ?? 0), packed = parts.get("voxels");
    if (![azimuth, elevation, distance, ...numbers].every(Number.isFinite) || resolution > 256) return null;
    const voxels = packed && resolution > 0 ? unpackBits(plain(packed), resolution ** 3) : null;
    return { space, z: numbers, cut, look, stand: { azimuth, elevation, distance }, voxels, resolution };
  } catch {
    return null;
  }
}

function urlSafe(text: string): string {
  return text.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

function plain(text: string): Uint8Array {
  return fromBase64(text.replace(/-/g, "+").replace(/_/g, "/"));
}
