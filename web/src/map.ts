// The map: shapes of the space laid out in a plane, like beside like; a point between them is a blend of the nearest.

import { blended } from "./mixing";
import { picture } from "./page";
import type { Here, ShapeMap } from "./source";
import type { Thumbs } from "./thumbs";

const MOST = 36; // shapes that are seen
const STEP = 0.04; // of the map's half side, for a key
const APART = 0.24; // of the same, between shapes that are seen
const EDGE = 0.9; // of the half side: the map ends before its canvas

export class MapView {
  private map: ShapeMap | null = null;
  private laid = ""; // the space whose map it is
  private at: [number, number] | null = null; // nowhere, while what is in hand came from elsewhere
  private held = false;
  private seen: number[] = [];
  private pictures: HTMLCanvasElement[] = [];

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly thumbs: Thumbs,
    private readonly onMoved: (z: Float32Array) => void,
    private readonly onRested: () => void,
  ) {
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.held = true;
      this.follow(event);
    });
    canvas.addEventListener("pointermove", (event) => this.held && this.follow(event));
    const end = () => {
      if (this.held) this.onRested();
      this.held = false;
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("keydown", (event) => {
      const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[event.key];
      if (!step) return;
      event.preventDefault();
      const [x, y] = this.at ?? [0, 0];
      this.go([x + STEP * step[0], y + STEP * step[1]]);
    });
    canvas.addEventListener("keyup", (event) => event.key.startsWith("Arrow") && this.onRested());
    new ResizeObserver(() => this.draw()).observe(canvas);
  }

  /** Lay out the map of the space that is shown, unless it is laid out already. */
  async lay(here: Here): Promise<void> {
    const { source, space: { name } } = here;
    if (this.laid === name) return;
    this.laid = name;
    try {
      const map = await source.map(name);
      if (name !== here.space.name) return;
      this.show(map);
      const forms = await source.decode(name, this.seen.map((i) => map.z[i]));
      this.pictures = forms.map((form) => {
        const small = picture(112);
        this.thumbs.draw(form, small, "smooth", () => this.draw());
        return small;
      });
    } catch (error) {
      this.laid = "";
      throw error;
    }
  }

  /** Dots for all, and pictures for some that are well apart. */
  private show(map: ShapeMap): void {
    this.map = map;
    this.at = null;
    this.pictures = [];
    this.seen = [];
    delete this.canvas.dataset.drawn;
    for (const [i, [x, y]] of map.xy.entries()) {
      const alone = this.seen.every((j) => Math.hypot(map.xy[j][0] - x, map.xy[j][1] - y) > APART);
      if (alone && this.seen.length < MOST) this.seen.push(i);
    }
    this.draw();
  }

  /** What is in hand is of no place of the map. */
  leave(): void {
    if (!this.at) return;
    this.at = null;
    this.draw();
  }

  draw(): void {
    const { canvas, map } = this;
    const side = canvas.clientWidth;
    if (!side || !map) return;
    const scale = Math.min(devicePixelRatio, 2);
    canvas.width = canvas.height = side * scale;
    const pen = canvas.getContext("2d")!;
    const style = getComputedStyle(canvas);
    const place = ([x, y]: [number, number]) => [((x * EDGE + 1) / 2) * side * scale, ((1 - y * EDGE) / 2) * side * scale] as const;
    pen.fillStyle = style.getPropertyValue("--dot");
    for (const point of map.xy) dot(pen, ...place(point), 1.6 * scale);
    const size = 0.15 * side * scale;
    this.pictures.forEach((small, k) => {
      const [x, y] = place(map.xy[this.seen[k]]);
      if (small.dataset.drawn) pen.drawImage(small, x - size / 2, y - size / 2, size, size);
    });
    if (this.pictures.length && this.pictures.every((small) => small.dataset.drawn)) canvas.dataset.drawn = "yes";
    if (!this.at) return;
    pen.fillStyle = style.getPropertyValue("--accent");
    dot(pen, ...place(this.at), 6 * scale);
    pen.lineWidth = 2 * scale;
    pen.strokeStyle = style.getPropertyValue("--paper");
    pen.stroke();
  }

  private follow(event: PointerEvent): void {
    const box = this.canvas.getBoundingClientRect();
    const x = ((event.clientX - box.left) / box.width) * 2 - 1, y = 1 - ((event.clientY - box.top) / box.height) * 2;
    this.go([x / EDGE, y / EDGE]);
  }

  private go(at: [number, number]): void {
    const inside = at.map((value) => Math.min(1, Math.max(-1, value))) as [number, number];
    this.at = inside;
    this.draw();
    if (this.map) this.onMoved(blended(this.map, inside));
  }
}

function dot(pen: CanvasRenderingContext2D, x: number, y: number, radius: number): void {
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fill();
}
