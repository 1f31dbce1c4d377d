// Where the page begins: it asks where its shapes come from, and shows them.

import "./style.css";
import { App } from "./app";
import { HttpSource } from "./http";
import type { ShapeSource } from "./source";

async function source(): Promise<ShapeSource> {
  const kind = document.querySelector<HTMLMetaElement>('meta[name="shapespace-source"]')?.content;
  // the runtime for networks is large, and a served page has no need of it
  return kind === "site" ? new (await import("./site")).SiteSource() : new HttpSource();
}

void source().then((found) => new App(found).start());
