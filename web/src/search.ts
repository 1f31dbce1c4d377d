// The nearest shape to a drawn one without gradients: from the most alike known shapes, by steps that are kept if they help.

import { full } from "./scene";
import { source } from "./prior";
import type { Form, Progress } from "./source";

const PARENTS = 4; // known shapes to begin with
const ROUNDS = 24, BROOD = 4; // tries a round
const STEP = 0.35; // of a latent number, at first

interface Known {
  latent: Float32Array;
  voxels: Uint8Array;
}

export function iou(a: Uint8Array, b: Uint8Array): number {
  let both = 0, either = 0;
  for (let i = 0; i < a.length; i++) {
    both += a[i] & b[i];
    either += a[i] | b[i];
  }
  return either ? both / either : 1;
}

export async function search(
  drawn: Uint8Array, known: Known[], decode: (z: Float32Array[]) => Promise<Form[]>, progress: Progress,
): Promise<Form> {
  const near = known.map(({ latent, voxels }) => ({ latent, score: iou(drawn, voxels) })).sort((a, b) => b.score - a.score).slice(0, PARENTS);
  let [best] = await decode([near[0].latent]);
  let score = iou(drawn, full(best)), step = STEP;
  const draw = source(1);
  for (let round = 0; round < ROUNDS; round++) {
    const tries = Array.from({ length: BROOD }, (_, k) => {
      const toward = near[1 + ((round + k) % (PARENTS - 1))].latent, share = k % 2 ? 0.3 * draw() : 0;
      return best.z.map((value, i) => value + share * (toward[i] - value) + (k % 2 ? 0.3 : 1) * step * (draw() + draw() + draw() - 1.5) * 2);
    });
    let better = false;
    for (const form of await decode(tries)) {
      const found = iou(drawn, full(form));
      if (found > score) [best, score, better] = [form, found, true];
    }
    step *= better ? 1.1 : 0.85;
    progress((round + 1) / ROUNDS);
  }
  return best;
}
