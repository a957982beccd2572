/** Every pair of colours that the style sheets put together, against WCAG AA, in light and dark. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { CLASSES } from "../src/api/types";

const TEXT = 4.5;
const SHAPE = 3;
const GROUNDS = ["ground", "surface", "raised"];

function themes(): Record<string, Map<string, string>> {
  const blocks = readFileSync("src/style/tokens.css", "utf8").split("data-theme");
  const read = (css: string) => [...css.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map((m): [string, string] => [m[1] as string, m[2] as string]);
  const light = new Map(read(blocks[0] as string));
  return { light, dark: new Map([...light, ...read(blocks[1] as string)]) };
}

function luminance(hex: string): number {
  const [r, g, b] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: string, b: string): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

function pairs(): [string, string, number][] {
  const found: [string, string, number][] = [["press-ink", "press", TEXT]];
  for (const ground of GROUNDS) {
    found.push(["ink", ground, TEXT], ["soft", ground, TEXT], ["focus", ground, SHAPE], ["line-strong", ground, SHAPE]);
  }
  for (const name of CLASSES) {
    found.push([`${name}-ink`, name, TEXT], ["ink", `${name}-tint`, TEXT], ["soft", `${name}-tint`, TEXT]);
    for (const ground of ["surface", `${name}-tint`]) found.push([`${name}-line`, ground, SHAPE]);
    found.push([`${name}-line`, "surface", TEXT]); // the word of a limit in a chart
    found.push([`${name}-edge`, "surface", SHAPE]); // the outline of its symbol
  }
  return found;
}

test("colours hold WCAG AA", () => {
  for (const [theme, colours] of Object.entries(themes())) {
    for (const [a, b, least] of pairs()) {
      const [one, other] = [colours.get(a), colours.get(b)];
      assert.ok(one && other, `${theme}: ${a} or ${b} is no colour`);
      const found = contrast(one, other);
      assert.ok(found >= least, `${theme}: ${a} on ${b} is ${found.toFixed(2)}, not ${least}`);
    }
  }
});
