// Files to take away: written here from the mesh that is seen.

import { Group, Mesh, type BufferGeometry } from "three";
import { GLTFExporter } from "three/examples/jsm/exporters/GLTFExporter.js";
import { STLExporter } from "three/examples/jsm/exporters/STLExporter.js";

const IN_STL = 100; // side of the grid: printers read millimetres
const IN_GLB = 1; // glTF reads metres

export async function written(surface: Mesh, resolution: number, format: "stl" | "glb"): Promise<Blob> {
  const unit = (format === "stl" ? IN_STL : IN_GLB) / resolution;
  const geometry: BufferGeometry = surface.geometry.clone().scale(unit, unit, unit);
  const mesh = new Mesh(geometry, surface.material);
  if (format === "stl") {
    const data = new STLExporter().parse(mesh, { binary: true });
    return new Blob([data.buffer as ArrayBuffer], { type: "model/stl" });
  }
  const upright = new Group().add(mesh);
  upright.rotation.x = -Math.PI / 2; // glTF has y up
  upright.updateMatrixWorld();
  const data = (await new GLTFExporter().parseAsync(upright, { binary: true })) as ArrayBuffer;
  return new Blob([data], { type: "model/gltf-binary" });
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
