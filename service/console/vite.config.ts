import { defineConfig } from "vite";

// Relative URLs, hashed names, nothing inlined: the page runs under `default-src 'self'`, wherever it is mounted.
export default defineConfig({
  base: "./",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    outDir: "../ember_service/web/static",
    emptyOutDir: true,
    assetsDir: "assets",
    assetsInlineLimit: 0,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: true,
  },
  server: {
    // `npm run dev` beside a running demo.
    proxy: Object.fromEntries(
      ["/api", "/readyz", "/healthz"].map((path) => [path, process.env["EMBERWATCH_URL"] ?? "http://127.0.0.1:8080"]),
    ),
  },
});
