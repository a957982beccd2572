/** What a strict content security policy forbids must not be in the sources. */

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((name) => /\.(tsx?|css|svg)$/.test(name))
  .map((name) => ({ name, text: readFileSync(join("src", name), "utf8") }));

const FORBIDDEN: [string, RegExp][] = [
  ["HTML from text", /innerHTML|outerHTML|insertAdjacentHTML|document\.write/],
  ["code from text", /\beval\(|new Function\(/],
  ["a style attribute", /setAttribute\(\s*["']style|\sstyle="/],
  ["another host", /(?:https?:)?\/\/(?!www\.w3\.org\/)[\w-]+\.\w|@import\s+url/],
];

test("no source does what the content security policy forbids, nor names another host", () => {
  assert.ok(sources.length > 60);
  for (const { name, text } of sources) {
    for (const [what, pattern] of FORBIDDEN) {
      const code = text.replace(/^\s*(\/\/|\/?\*).*$/gm, "");
      assert.doesNotMatch(code, pattern, `${name}: ${what}`);
    }
  }
});

test("the page itself holds no script and no style of its own", () => {
  const page = readFileSync("index.html", "utf8");
  assert.doesNotMatch(page, /<style|\sstyle=|\son\w+=/);
  assert.deepEqual(page.match(/<script[^>]*>(?=\s*\S)(?!<\/script>)/g), null);
});
