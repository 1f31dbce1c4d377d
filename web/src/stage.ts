// The shape in hand: turned, seen near, and built upon.

import { BoxGeometry, EdgesGeometry, LineBasicMaterial, LineSegments, Raycaster, Vector2 } from "three";
import { FACINGS } from "./blocks";
import { full, rendererFor, Setting, STAND, type Look, type Stand } from "./scene";
import type { Form } from "./source";

export type Pen = "add" | "remove";

const CLICK = 5; // pixels a pointer may move and still mean one voxel
const SLOW = 60; // milliseconds between frames
const COARSE = 0.5; // of the pixels along a side
const STILL = 250; // milliseconds after which what moved is at rest
const NEAREST = 1.1, FARTHEST = 5;

/** How fast frames follow each other while something moves. */
class Pace {
  private last = 0;
  private mean = 0;

  isSlow(now: number): boolean {
    const since = now - this.last;
    this.last = now;
    // after a rest there is nothing to measure; the judgement of the last movement stands
    if (since < 2 * STILL) this.mean = this.mean ? 0.7 * this.mean + 0.3 * since : since;
    return this.mean > SLOW && since < 2 * STILL;
  }
}

/** A voxel that the pen would set (1) or clear (0). */
export interface Stroke {
  voxel: number;
  value: 0 | 1;
}

export class Stage {
  private readonly setting = new Setting();
  private readonly renderer;
  private readonly ray = new Raycaster();
  private readonly frame = new LineSegments(new EdgesGeometry(new BoxGeometry(1.02, 1.02, 1.02)), new LineBasicMaterial({ color: 0x3d7a9e }));
  private form: Form | null = null;
  private look: Look = "smooth";
  private due = false;
  private coarse = false;
  private still: ReturnType<typeof setTimeout> | undefined;
  private readonly pace = new Pace();
  private readonly ratio = Math.min(devicePixelRatio, 2);
  private fingers = new Map<number, { x: number; y: number }>();
  stand: Stand = { ...STAND };
  pen: Pen = "add";

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onStroke: (stroke: Stroke) => void,
    private readonly onTurned: () => void,
  ) {
    this.renderer = rendererFor(canvas);
    this.renderer.setPixelRatio(this.ratio);
    this.setting.holder.add(this.frame);
    this.frame.visible = false;
    new ResizeObserver(() => this.resize()).observe(canvas);
    this.listen();
  }

  show(form: Form, look: Look): void {
    this.form = form;
    this.look = look;
    this.setting.show(form, look);
    this.renderer.shadowMap.needsUpdate = true;
    this.frame.visible = false;
    this.draw();
  }

  tint(): void {
    this.setting.tint();
    this.draw();
  }

  /** The mesh as it is shown. */
  get surface() {
    return this.setting.surface;
  }

  draw(): void {
    if (this.due) return;
    this.due = true;
    this.canvas.dataset.still = "false";
    requestAnimationFrame((now) => {
      this.due = false;
      if (this.pace.isSlow(now) !== this.coarse) this.refine(!this.coarse);
      this.render();
      clearTimeout(this.still);
      if (this.coarse) this.still = setTimeout(() => this.settle(), STILL);
    });
  }

  private render(): void {
    this.setting.stand(this.stand);
    this.renderer.render(this.setting.scene, this.setting.camera);
    this.canvas.dataset.frames = String(Number(this.canvas.dataset.frames ?? 0) + 1);
    this.canvas.dataset.still = String(!this.coarse && !this.due);
  }

  /** Fewer pixels while it moves on a machine that draws slowly; all of them when it rests. */
  private refine(coarse: boolean): void {
    this.coarse = coarse;
    this.renderer.setPixelRatio(this.ratio * (coarse ? COARSE : 1));
  }

  private settle(): void {
    this.refine(false);
    this.render();
  }

  turn(azimuth: number, elevation: number): void {
    this.stand.azimuth = hundredth(this.stand.azimuth + azimuth) % 360;
    this.stand.elevation = hundredth(clamp(this.stand.elevation + elevation, -80, 85));
    this.draw();
    this.onTurned();
  }

  approach(factor: number): void {
    this.stand.distance = hundredth(clamp(this.stand.distance * factor, NEAREST, FARTHEST));
    this.draw();
    this.onTurned();
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.canvas;
    if (!clientWidth || !clientHeight) return;
    this.renderer.setSize(clientWidth, clientHeight, false);
    this.setting.camera.aspect = clientWidth / clientHeight;
    // a narrow stage must not cut the shape at its sides
    this.setting.camera.fov = this.setting.camera.aspect < 1 ? 32 / this.setting.camera.aspect : 32;
    this.setting.camera.updateProjectionMatrix();
    this.draw();
  }

  private listen(): void {
    const { canvas } = this;
    let travelled = 0, spread = 0;
    canvas.addEventListener("pointerdown", (event) => {
      canvas.setPointerCapture(event.pointerId);
      this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.fingers.size === 1) travelled = 0;
      spread = this.spread();
    });
    canvas.addEventListener("pointermove", (event) => {
      const last = this.fingers.get(event.pointerId);
      if (!last) return this.hover(event);
      const [dx, dy] = [event.clientX - last.x, event.clientY - last.y];
      travelled += Math.abs(dx) + Math.abs(dy);
      this.fingers.set(event.pointerId, { x: event.clientX, y: event.clientY });
      if (this.fingers.size === 2) {
        const now = this.spread();
        if (spread && now) this.approach(spread / now);
        spread = now;
      } else if (travelled > CLICK) this.turn(-dx * 0.5, dy * 0.5);
    });
    const end = (event: PointerEvent) => {
      const alone = this.fingers.size === 1;
      if (!this.fingers.delete(event.pointerId)) return;
      if (alone && event.type === "pointerup" && travelled <= CLICK) this.touch(event);
    };
    canvas.addEventListener("pointerup", end);
    canvas.addEventListener("pointercancel", end);
    canvas.addEventListener("pointerleave", () => this.mark(null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      this.approach(Math.exp(event.deltaY * 0.001));
    }, { passive: false });
    canvas.addEventListener("keydown", (event) => {
      const keys: Record<string, () => void> = {
        ArrowLeft: () => this.turn(-10, 0), ArrowRight: () => this.turn(10, 0),
        ArrowUp: () => this.turn(0, 10), ArrowDown: () => this.turn(0, -10),
        "+": () => this.approach(0.9), "=": () => this.approach(0.9), "-": () => this.approach(1.1),
      };
      if (!keys[event.key]) return;
      event.preventDefault();
      keys[event.key]();
    });
  }

  private spread(): number {
    const [a, b] = [...this.fingers.values()];
    return b ? Math.hypot(a.x - b.x, a.y - b.y) : 0;
  }

  private touch(event: PointerEvent): void {
    const stroke = this.strokeAt(event);
    if (stroke) this.onStroke(stroke);
  }

  private hover(event: PointerEvent): void {
    this.mark(this.strokeAt(event)?.voxel ?? null);
  }

  private mark(voxel: number | null): void {
    if (this.look !== "edit" || !this.form) return;
    const n = this.form.resolution;
    this.frame.visible = voxel !== null;
    if (voxel !== null) this.frame.position.set(Math.floor(voxel / n / n), Math.floor(voxel / n) % n, voxel % n);
    this.draw();
  }

  /** What the pen would do where a pointer is; the other button, or Shift, is the other pen. */
  private strokeAt(event: PointerEvent): Stroke | null {
    const mesh = this.setting.surface;
    if (this.look !== "edit" || !this.form || !mesh || !this.setting.blocks) return null;
    const box = this.canvas.getBoundingClientRect();
    const where = new Vector2(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2);
    this.setting.scene.updateMatrixWorld();
    this.ray.setFromCamera(where, this.setting.camera);
    const hit = this.ray.intersectObject(mesh)[0];
    if (hit?.faceIndex == null) return null;
    const { voxel, facing } = this.setting.blocks;
    const swapped = event.button === 2 || event.shiftKey;
    const adds = (this.pen === "add") !== swapped;
    if (!adds) return { voxel: voxel[hit.faceIndex], value: 0 };
    const n = this.form.resolution, own = voxel[hit.faceIndex], f = FACINGS[facing[hit.faceIndex]];
    const next = [Math.floor(own / n / n) + f[0], (Math.floor(own / n) % n) + f[1], (own % n) + f[2]];
    if (next.some((value) => value < 0 || value >= n)) return null;
    return { voxel: (next[0] * n + next[1]) * n + next[2], value: 1 };
  }
}

/** The form with one voxel set or cleared. */
export function stroked(form: Form, { voxel, value }: Stroke): Form {
  const occupancy = full(form).map((inside) => inside * 255);
  occupancy[voxel] = value * 255;
  return { ...form, occupancy };
}

/** As a link has it, so that a link shows exactly what was seen. */
function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
