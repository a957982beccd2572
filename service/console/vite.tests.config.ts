import { readdirSync } from "node:fs";
import { defineConfig } from "vite";

const tests = readdirSync("tests").filter((name) => name.endsWith(".test.ts"));

// The tests are bundled and run by Node's own runner: no test framework, and Node 20 reads no TypeScript.
export default defineConfig({
  logLevel: "warn",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    ssr: true,
    outDir: "node_modules/.tests",
    emptyOutDir: true,
    target: "node20",
    minify: false,
    rolldownOptions: {
      input: Object.fromEntries(tests.map((name) => [name.replace(/\.ts$/, ""), `tests/${name}`])),
      output: { entryFileNames: "[name].mjs", chunkFileNames: "shared/[name]-[hash].mjs" },
    },
  },
});
