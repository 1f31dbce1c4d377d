// A shapespace server as the source of shapes.

import { SourceError, type Form, type Mended, type Progress, type ShapeMap, type ShapeSource, type SpaceFacts } from "./source";
import { fromBase64, packBits, toBase64, unpack, type Packet } from "./wire";

const PATIENCE = 60_000; // milliseconds for one answer

export class HttpSource implements ShapeSource {
  constructor(private readonly root = "api") {}

  async spaces(): Promise<SpaceFacts[]> {
    const answer = await this.ask(`${this.root}/spaces`);
    return ((await answer.json()) as { spaces: SpaceFacts[] }).spaces;
  }

  async sample(space: string, n: number, seed: number): Promise<Form[]> {
    return (await this.shapes(space, "sample", { n, seed })).forms;
  }

  async decode(space: string, z: Float32Array[]): Promise<Form[]> {
    return (await this.shapes(space, "decode", { z: z.map(plain) })).forms;
  }

  async move(space: string, z: Float32Array, attributes: Record<string, number>): Promise<Form> {
    return (await this.shapes(space, "arithmetic", { plus: [plain(z)], minus: [], attributes, straight: true })).forms[0];
  }

  async map(space: string): Promise<ShapeMap> {
    const { header, latents } = await this.shapes(space, "map", { count: 300, seed: 0 });
    return { z: latents, xy: header.xy as [number, number][] };
  }

  async snap(space: string, voxels: Uint8Array, resolution: number, progress: Progress): Promise<Form> {
    const body = JSON.stringify({ voxels: toBase64(packBits(voxels)), resolution });
    return this.long(`${this.of(space)}/snap?stream=1`, { body, headers: { "Content-Type": "application/json" } }, progress);
  }

  async snapFile(space: string, file: File, progress: Progress): Promise<Form> {
    const path = `${this.of(space)}/snap-file?stream=1&name=${encodeURIComponent(file.name)}`;
    return this.long(path, { body: file, headers: { "Content-Type": "application/octet-stream" } }, progress);
  }

  async reconstruct(space: string, file: File): Promise<Form> {
    const type = file.type.startsWith("image/") ? file.type : "application/octet-stream";
    const answer = await this.ask(`${this.of(space)}/reconstruct`, { method: "POST", body: file, headers: { "Content-Type": type } });
    return unpack(await answer.arrayBuffer()).forms[0];
  }

  async mend(space: string, z: Float32Array, threshold: number): Promise<Mended> {
    const { header, forms } = await this.shapes(space, "mend", { z: plain(z), threshold });
    return { form: forms[0], whole: header.mended === true, moved: Number(header.moved) };
  }

  async neighbours(space: string, z: Float32Array, k: number): Promise<Form[]> {
    return (await this.shapes(space, "neighbours", { z: plain(z), k })).forms;
  }

  private of(space: string): string {
    return `${this.root}/spaces/${encodeURIComponent(space)}`;
  }

  private async shapes(space: string, what: string, body: unknown): Promise<Packet> {
    return unpack(await (await this.post(`${this.of(space)}/${what}`, body)).arrayBuffer());
  }

  private post(path: string, body: unknown): Promise<Response> {
    return this.ask(path, { method: "POST", body: JSON.stringify(body), headers: { "Content-Type": "application/json" } });
  }

  /** Long work, told line by line; the last line has the shape. */
  private async long(path: string, init: RequestInit, progress: Progress): Promise<Form> {
    const answer = await this.ask(path, { method: "POST", ...init });
    for await (const line of lines(answer)) {
      const said = JSON.parse(line) as { progress?: number; done?: boolean; shapes?: string; error?: { message: string } };
      if (said.error) throw new SourceError(said.error.message, true);
      if (said.progress !== undefined) progress(said.progress);
      if (said.done && said.shapes) return unpack(fromBase64(said.shapes).buffer as ArrayBuffer).forms[0];
    }
    throw new SourceError("the server stopped before it was done", true);
  }

  private async ask(path: string, init: RequestInit = {}): Promise<Response> {
    let answer: Response;
    try {
      answer = await fetch(path, { ...init, signal: AbortSignal.timeout(PATIENCE) });
    } catch {
      throw new SourceError("the server does not answer; is `shapespace serve` still running?", true);
    }
    if (answer.ok) return answer;
    const said = await answer.json().catch(() => null);
    const again = answer.status >= 500 || answer.status === 429;
    throw new SourceError(said?.error?.message ?? `the server answered ${answer.status}`, again);
  }
}

async function* lines(answer: Response): AsyncGenerator<string> {
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop()!;
    for (const part of parts) if (part.trim()) yield part;
  }
  if (rest.trim()) yield rest;
}

// The server takes numbers, and JSON has no Float32Array.
function plain(z: Float32Array): number[] {
  return Array.from(z);
}
