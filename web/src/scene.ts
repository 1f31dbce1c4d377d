// Light, ground and material, the same for the wall and the shape in hand.

import {
  Color, DirectionalLight, DoubleSide, Group, HemisphereLight, Mesh, MeshStandardMaterial, PerspectiveCamera, PlaneGeometry, Scene,
  ShadowMaterial, Vector3, WebGLRenderer, type BufferGeometry,
} from "three";
import { blocks, type Blocks } from "./blocks";
import { smooth } from "./smooth";
import type { Form } from "./source";

export type Look = "smooth" | "voxels" | "edit";

/** How the camera stands: degrees from the front and above the horizon, and distance in sides of the grid. */
export interface Stand {
  azimuth: number;
  elevation: number;
  distance: number;
}

export const STAND: Stand = { azimuth: 30, elevation: 22, distance: 2.4 };

export const dark = () => matchMedia("(prefers-color-scheme: dark)").matches;

export function full(form: Form): Uint8Array {
  const level = form.threshold * 255;
  return form.occupancy.map((value) => (value > level ? 1 : 0));
}

export class Setting {
  readonly scene = new Scene();
  readonly camera = new PerspectiveCamera(32, 1, 0.05, 50);
  readonly holder = new Group(); // grid coordinates inside, the unit cube about the origin outside
  blocks: Blocks | null = null;
  private readonly material = new MeshStandardMaterial({ roughness: 0.78, metalness: 0, side: DoubleSide });
  private readonly shadow = new ShadowMaterial({ opacity: 0.22 });
  private readonly ground = new Mesh(new PlaneGeometry(8, 8), this.shadow);
  private mesh: Mesh | null = null;

  constructor(shadow = 1024) {
    this.camera.up.set(0, 0, 1);
    const sun = new DirectionalLight(0xfff1de, 2.6);
    sun.position.set(0.9, -1.4, 2.1);
    sun.castShadow = true;
    sun.shadow.mapSize.set(shadow, shadow);
    sun.shadow.radius = 5;
    sun.shadow.normalBias = 0.012;
    Object.assign(sun.shadow.camera, { left: -1, right: 1, top: 1, bottom: -1, near: 0.5, far: 5 });
    const fill = new DirectionalLight(0xd5e4ff, 0.9);
    fill.position.set(-1.6, 0.4, 0.9);
    const sky = new HemisphereLight(0xf4f7ff, 0x8a6f58, 0.85);
    sky.position.set(0, 0, 1);
    this.ground.receiveShadow = true;
    this.scene.add(sun, fill, sky, this.ground, this.holder);
    this.tint();
  }

  /** Take the colours of the light or dark page. */
  tint(): void {
    this.material.color = new Color(dark() ? 0xcdb494 : 0xc4a482);
    this.shadow.opacity = dark() ? 0.5 : 0.2;
  }

  show(form: Form, look: Look): void {
    const n = form.resolution;
    this.clear();
    const grid = full(form);
    this.blocks = look === "smooth" ? null : blocks(grid, n);
    const geometry: BufferGeometry = this.blocks?.geometry ?? smooth(form.occupancy, n, form.threshold);
    this.material.vertexColors = look !== "smooth";
    this.material.needsUpdate = true;
    this.mesh = new Mesh(geometry, this.material);
    this.mesh.castShadow = this.mesh.receiveShadow = true;
    this.holder.add(this.mesh);
    this.holder.scale.setScalar(1 / n);
    this.holder.position.setScalar(-(n - 1) / 2 / n);
    this.ground.position.z = floorOf(grid, n) / n - 0.5;
  }

  get surface(): Mesh | null {
    return this.mesh;
  }

  stand(stand: Stand): void {
    this.camera.position.copy(eye(stand));
    this.camera.lookAt(new Vector3(0, 0, -0.02));
  }

  clear(): void {
    if (!this.mesh) return;
    this.holder.remove(this.mesh);
    this.mesh.geometry.dispose();
    this.mesh = null;
  }
}

/** Where the camera is, in sides of the grid from its middle; the front of a shape looks to -y. */
export function eye({ azimuth, elevation, distance }: Stand): Vector3 {
  const a = (azimuth * Math.PI) / 180, e = (elevation * Math.PI) / 180;
  return new Vector3(Math.sin(a) * Math.cos(e), -Math.cos(a) * Math.cos(e), Math.sin(e)).multiplyScalar(distance);
}

/** The height of the lowest full voxel. */
export function floorOf(grid: Uint8Array, n: number): number {
  for (let z = 0; z < n; z++) for (let i = z; i < grid.length; i += n) if (grid[i]) return z;
  return 0;
}

export function rendererFor(canvas: HTMLCanvasElement | OffscreenCanvas): WebGLRenderer {
  const renderer = new WebGLRenderer({ canvas: canvas as HTMLCanvasElement, antialias: true, alpha: true });
  renderer.shadowMap.enabled = true;
  renderer.shadowMap.autoUpdate = false; // the light stands still: shadows change with the shape, not with the camera
  return renderer;
}
