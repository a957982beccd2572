import assert from "node:assert/strict";
import { test } from "node:test";

import { age, duration, figure, moment } from "../src/domain/format";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";

test("an age changes its units as it grows, and never runs below nothing", () => {
  const at = (s: number) => age(s * 1000, en.age);
  assert.deepEqual(
    [-5, 0, 59, 60, 185, 3599, 3600, 7_380, 86_399, 86_400, 180_000].map(at),
    ["0 s", "0 s", "59 s", "1 min 00 s", "3 min 05 s", "59 min 59 s", "1 h 00 min", "2 h 03 min", "23 h 59 min", "1 d 00 h", "2 d 02 h"],
  );
  assert.equal(age(185_000, zh.age), "3分05秒");
});

test("a rule's time has no empty half", () => {
  assert.deepEqual(
    [5_000, 60_000, 90_000, 90_000_000, 3_600_000].map((ms) => duration(ms, en.age)),
    ["5 s", "1 min", "1 min 30 s", "25 h", "1 h"],
  );
});

test("a figure has the decimals of its kind, a true minus and no negative nothing", () => {
  assert.equal(figure(23.44, "temperature"), "23.4");
  assert.equal(figure(-3.25, "temperature"), "−3.3");
  assert.equal(figure(-0.04, "temperature"), "0.0");
  assert.equal(figure(0.126, "smoke"), "0.13");
  assert.equal(figure(1234.5678, null), "1235");
  assert.equal(figure(58, null), "58");
  assert.equal(figure(null, "smoke"), "–");
  assert.equal(figure(Number.NaN, "smoke"), "–");
});

test("a time of another day says its date, of another year its year", () => {
  const now = new Date(2026, 10, 24, 3, 0, 0).getTime();
  const at = (...parts: [number, number, number, number, number, number]) => moment(new Date(...parts).getTime(), now);
  assert.equal(at(2026, 10, 24, 2, 13, 7), "02:13:07");
  assert.equal(at(2026, 10, 23, 23, 59, 59), "11-23 23:59:59");
  assert.equal(at(2025, 0, 2, 3, 4, 5), "2025-01-02 03:04:05");
});
