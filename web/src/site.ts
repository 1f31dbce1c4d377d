// A folder of files as the source of shapes: the generator runs here, in the browser.

import type { Begin, Made, Wish } from "./generator-worker";
import { draws } from "./prior";
import { search } from "./search";
import { SourceError, type Form, type Progress, type ShapeMap, type ShapeSource, type SpaceFacts } from "./source";
import { fromBase64, unpackBits } from "./wire";

const TOGETHER = 4; // shapes a run

/** What `shapespace export web` tells of a space. */
interface Told {
  facts: SpaceFacts;
  wall: string;
  ways: string;
  map: { z: string; xy: [number, number][] };
}

export class SiteSource implements ShapeSource {
  private told!: Told;
  private worker: Worker | null = null;
  private readonly waiting = new Map<number, (made: Made) => void>();
  private wishes = 0;
  private known: Uint8Array | null = null;

  async spaces(): Promise<SpaceFacts[]> {
    this.told = JSON.parse(new TextDecoder().decode(await file("space.json"))) as Told;
    return [this.told.facts];
  }

  async sample(_: string, n: number, seed: number): Promise<Form[]> {
    const { latent_dim, prior } = this.told.facts;
    const first = seed === 0 ? this.rows(this.told.wall) : [];
    return this.made(first.length >= n ? first.slice(0, n) : draws(n, latent_dim, prior, seed));
  }

  async decode(_: string, z: Float32Array[]): Promise<Form[]> {
    return this.made(z);
  }

  async move(space: string, z: Float32Array, attributes: Record<string, number>): Promise<Form> {
    const names = this.told.facts.attributes.map(({ name }) => name);
    const ways = this.rows(this.told.ways);
    const amounts = names.map((name) => attributes[name] ?? 0);
    const moved = z.map((value, i) => amounts.reduce((sum, amount, k) => sum + amount * ways[k][i], value));
    return (await this.decode(space, [this.inside(moved)]))[0];
  }

  async map(): Promise<ShapeMap> {
    return { z: this.rows(this.told.map.z), xy: this.told.map.xy };
  }

  async snap(space: string, voxels: Uint8Array, resolution: number, progress: Progress): Promise<Form> {
    const own = this.told.facts.resolution;
    if (resolution !== own) throw new SourceError(`the drawing has ${resolution}^3 voxels, the space ${own}^3`, false);
    const size = own ** 3, z = this.rows(this.told.map.z);
    this.known ??= await file("known.bits");
    const near = z.map((latent, i) => ({ latent, voxels: unpackBits(this.known!.subarray((i * size) / 8, ((i + 1) * size) / 8), size) }));
    return search(voxels, near, (rows) => this.decode(space, rows.map((row) => this.inside(row))), progress);
  }

  private inside(z: Float32Array): Float32Array {
    return this.told.facts.prior === "uniform" ? z.map((value) => Math.min(1, Math.max(0, value))) : z;
  }

  private rows(packed: string): Float32Array[] {
    const numbers = new Float32Array(fromBase64(packed).buffer as ArrayBuffer), d = this.told.facts.latent_dim;
    return Array.from({ length: numbers.length / d }, (_, i) => numbers.slice(i * d, (i + 1) * d));
  }

  private async made(z: Float32Array[]): Promise<Form[]> {
    const forms: Form[] = [];
    const { resolution, threshold } = this.told.facts, size = resolution ** 3;
    for (let i = 0; i < z.length; i += TOGETHER) {
      const rows = z.slice(i, i + TOGETHER);
      const occupancy = await this.run(rows);
      rows.forEach((row, k) => forms.push({ z: row, occupancy: occupancy.slice(k * size, (k + 1) * size), resolution, threshold }));
    }
    return forms;
  }

  private async run(rows: Float32Array[]): Promise<Uint8Array> {
    const worker = (this.worker ??= this.begun());
    const id = ++this.wishes;
    const z = new Float32Array(rows.length * rows[0].length);
    rows.forEach((row, k) => z.set(row, k * row.length));
    const answer = await new Promise<Made>((resolve) => {
      this.waiting.set(id, resolve);
      worker.postMessage({ id, z, count: rows.length } satisfies Wish);
    });
    if (answer.occupancy) return answer.occupancy;
    this.end();
    throw new SourceError(`the generator does not run here: ${answer.trouble}`, true);
  }

  private begun(): Worker {
    const worker = new Worker(new URL("./generator-worker.ts", import.meta.url), { type: "module" });
    const [model, runtime] = ["generator.onnx", "runtime/ort-wasm-simd-threaded.wasm"].map((name) => new URL(name, document.baseURI).href);
    worker.postMessage({ model, runtime } satisfies Begin);
    worker.onmessage = ({ data }: MessageEvent<Made>) => {
      this.waiting.get(data.id)?.(data);
      this.waiting.delete(data.id);
    };
    worker.onerror = (event) => {
      for (const [id, tell] of this.waiting) tell({ id, trouble: event.message || "the worker did not start" });
      this.waiting.clear();
    };
    return worker;
  }

  /** After a failure the next try begins anew. */
  private end(): void {
    this.worker?.terminate();
    this.worker = null;
  }
}

async function file(name: string): Promise<Uint8Array> {
  const answer = await fetch(name).catch(() => null);
  if (!answer?.ok) throw new SourceError(`${name} did not come; is the site whole, and served by a web server?`, true);
  return new Uint8Array(await answer.arrayBuffer());
}
