import { defineConfig, type Plugin } from "vite";

// ONNX Runtime's 14 MB are no part of the page: `shapespace export web` lays them beside the sites that need them.
const withoutRuntime = (): Plugin => ({
  name: "without-runtime",
  generateBundle(_, bundle) {
    for (const name of Object.keys(bundle)) if (name.endsWith(".wasm")) delete bundle[name];
  },
});

// Built into the Python package, so that who installs it needs no Node.
export default defineConfig({
  base: "./",
  plugins: [withoutRuntime()],
  worker: { format: "es", plugins: () => [withoutRuntime()] },
  build: { outDir: "../src/shapespace/serve/page", emptyOutDir: true, target: "es2022", modulePreload: false, chunkSizeWarningLimit: 900 },
  server: { proxy: { "/api": "http://127.0.0.1:7860" } },
});
