// Makes `dist/site/`: one page and files with a hash in their names, all of it below whatever path
// the page is served at. Nothing is put into the page itself, as its Content-Security-Policy
// allows no inline script or style and no data: URL.
import { defineConfig } from "vite";

export default defineConfig({
  base: "./",
  build: {
    outDir: "dist/site",
    target: "es2023",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
});
