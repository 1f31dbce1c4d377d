import { defineConfig } from "vite";

// Built into the Python package, so that who installs it needs no Node.
export default defineConfig({
  base: "./",
  build: { outDir: "../src/shapespace/serve/page", emptyOutDir: true, target: "es2022", modulePreload: false, chunkSizeWarningLimit: 900 },
  server: { proxy: { "/api": "http://127.0.0.1:7860" } },
});
