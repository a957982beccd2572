import assert from "node:assert/strict";
import { test } from "node:test";

import { MOST_LIVE, MOST_POINTS, rangeOf, Series, stepFor } from "../src/chart/series";
import { outline } from "../src/chart/sparkline";

test("live samples go on where history ends; the same time twice is one, a late one goes to its place", () => {
  const series = new Series([{ time: 1_000, value: 1 }, { time: 3_000, value: 3 }]);
  assert.ok(series.append([{ time: 4_000, value: 4 }, { time: 2_000, value: 2 }]));
  assert.ok(!series.append([{ time: 3_000, value: 99 }]));
  assert.deepEqual(series.times, [1, 2, 3, 4]);
  assert.deepEqual(series.values, [1, 2, 3, 4]);
});

test("buckets are drawn by their mean, and their extremes count", () => {
  const series = new Series([{ time: 0, min: 1, avg: 5, max: 9, count: 3 }]);
  assert.deepEqual(series.values, [5]);
  assert.deepEqual(series.extent(0, 1), [1, 9]);
  assert.equal(series.extent(1, 2), null);
});

test("a chart that stays open does not grow for ever", () => {
  const series = new Series();
  series.append(Array.from({ length: MOST_LIVE + 10 }, (_, i) => ({ time: i * 1_000, value: i })));
  assert.equal(series.length, MOST_LIVE);
  assert.equal(series.values[0], 10);
});

test("a long span is asked for in steps, never for more points than a chart shows", () => {
  assert.equal(stepFor(3_600_000), 0);
  for (const hours of [6, 24, 24 * 90]) {
    const step = stepFor(hours * 3_600_000);
    assert.equal(step % 60, 0);
    assert.ok((hours * 3_600) / step <= MOST_POINTS);
  }
});

test("the range holds values and limits, and what is never negative starts at nothing", () => {
  assert.deepEqual(rangeOf([0, 10], []), [0, 11.2]);
  const [low, high] = rangeOf([20, 30], [58]);
  assert.ok(low < 20 && high > 58);
  const flat = rangeOf([5, 5], []);
  assert.ok(flat[0] < 5 && flat[1] > 5);
});

test("where nothing was measured there is a gap, not a line", () => {
  const minute = 60_000;
  const series = new Series([0, 1, 2, 30, 31].map((at) => ({ time: at * minute, value: at })));
  assert.equal(series.longestStep, 300);
  assert.equal(outline(series, 60 * minute).split("M").length - 1, 2);
  assert.equal(new Series().longestStep, 30);
});

test("an outline needs two points of its hour", () => {
  const hour = 3_600_000;
  assert.equal(outline(new Series([{ time: hour, value: 1 }]), hour), "");
  assert.equal(outline(new Series([{ time: 0, value: 1 }, { time: hour, value: 3 }]), hour), "M0.0 22.0L100.0 2.0");
});
