import type { ShapeSource } from "./source";
export const SiteSource = class {} as unknown as new () => ShapeSource;
