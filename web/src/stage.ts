// The shape in hand: drawn, turned, seen near.

import { Raycaster, Vector2, type Intersection, type Object3D } from "three";
import { Pace, STILL } from "./pace";
import { rendererFor, Setting, STAND, type Look, type Stand } from "./scene";
import type { Form } from "./source";

const COARSE = 0.5; // of the pixels along a side
const NEAREST = 1.1, FARTHEST = 5;
const TURN = 10; // degrees a key

export class Stage {
  private readonly setting = new Setting();
  private readonly renderer;
  private readonly ray = new Raycaster();
  private readonly pace = new Pace();
  private readonly ratio = Math.min(devicePixelRatio, 2);
  private due = false;
  private coarse = false;
  private still: ReturnType<typeof setTimeout> | undefined;
  stand: Stand = { ...STAND };

  constructor(
    private readonly canvas: HTMLCanvasElement,
    private readonly onTurned: () => void,
  ) {
    this.renderer = rendererFor(canvas);
    this.renderer.setPixelRatio(this.ratio);
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  show(form: Form, look: Look): void {
    this.setting.show(form, look);
    this.renderer.shadowMap.needsUpdate = true;
    this.draw();
  }

  /** Put something beside the shape, in the coordinates of its grid. */
  add(thing: Object3D): void {
    this.setting.holder.add(thing);
  }

  tint(): void {
    this.setting.tint();
    this.draw();
  }

  /** The mesh as it is shown. */
  get surface() {
    return this.setting.surface;
  }

  /** Which voxel each of its triangles belongs to, where voxels are shown. */
  get blocks() {
    return this.setting.blocks;
  }

  /** What of the surface lies under a pointer. */
  under(event: PointerEvent): Intersection | undefined {
    if (!this.surface) return undefined;
    const box = this.canvas.getBoundingClientRect();
    const where = new Vector2(((event.clientX - box.left) / box.width) * 2 - 1, 1 - ((event.clientY - box.top) / box.height) * 2);
    this.setting.scene.updateMatrixWorld();
    this.ray.setFromCamera(where, this.setting.camera);
    return this.ray.intersectObject(this.surface)[0];
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

  /** Turn or come near by a key; return whether it is one for that. */
  key(event: KeyboardEvent): boolean {
    const keys: Record<string, () => void> = {
      ArrowLeft: () => this.turn(-TURN, 0), ArrowRight: () => this.turn(TURN, 0),
      ArrowUp: () => this.turn(0, TURN), ArrowDown: () => this.turn(0, -TURN),
      "+": () => this.approach(0.9), "=": () => this.approach(0.9), "-": () => this.approach(1.1),
    };
    keys[event.key]?.();
    return event.key in keys;
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
}

/** As a link has it, so that a link shows exactly what was seen. */
function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
