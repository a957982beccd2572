import assert from "node:assert/strict";
import { test } from "node:test";

import type { Rule } from "../src/api/types";
import { companions } from "../src/domain/channels";
import { exceeded, fraction, limitsOf, span } from "../src/domain/limits";

const rule = (given: Partial<Rule>): Rule => ({
  type: "threshold",
  id: "r",
  version: 1,
  class: "fire",
  severity: 1,
  title: { en: "", zh: "" },
  guidance: { en: "", zh: "" },
  scope: { kinds: ["temperature"] },
  ...given,
});
const channel = { kind: "temperature", zoneKind: "waste", workshop: "ws-1", device: "d" };

test("limits: only of rules that watch the channel, the one that is met first, the worst class first", () => {
  const rules = [
    rule({ class: "prewarning", above: 50 }),
    rule({ class: "prewarning", above: 40, scope: { kinds: ["temperature"], zone_kinds: ["waste"] } }),
    rule({ above: 58 }),
    rule({ above: 30, scope: { kinds: ["smoke"] } }),
    rule({ above: 31, scope: { zone_kinds: ["curing"] } }),
    rule({ above: 32, scope: { devices: ["other"] } }),
    rule({ above: 33, enabled: false }),
    rule({ type: "verdict" }),
    rule({ class: "trouble", below: 5 }),
  ];
  assert.deepEqual(limitsOf(channel, rules), [
    { class: "fire", value: 58, above: true },
    { class: "prewarning", value: 40, above: true },
    { class: "trouble", value: 5, above: false },
  ]);
});

test("the worst limit that is passed, above or below", () => {
  const limits = limitsOf(channel, [rule({ above: 58 }), rule({ class: "prewarning", above: 40 }), rule({ class: "trouble", below: 5 })]);
  assert.equal(exceeded(58, limits)?.class, "prewarning");
  assert.equal(exceeded(58.1, limits)?.class, "fire");
  assert.equal(exceeded(4, limits)?.class, "trouble");
  assert.equal(exceeded(20, limits), null);
});

test("a bar's scale holds its highest limit; a value beyond stays at its end", () => {
  const scale = span("temperature", [{ class: "fire", value: 58, above: true }]);
  assert.deepEqual(scale, [0, 72.5]);
  assert.equal(span("unheard of", []), null);
  assert.equal(fraction(100, scale as [number, number]), 1);
  assert.equal(fraction(-10, scale as [number, number]), 0);
});

test("beside an alarm stand its device, then its zone, then the rest; never itself, nor what is no measurement", () => {
  const state = (channel: string, device: string, zone: string | null, kind = "smoke") => ({
    channel,
    device,
    zone,
    kind,
    name: kind,
    unit: "",
    value: 1,
    time: 1,
    received: 1,
    quality: [],
  });
  const all = [state("far", "d3", "other"), state("zone", "d2", "z"), state("own", "d1", "z", "temperature"), state("self", "d1", "z"), state("on", "d1", "z", "online")];
  const found = companions(all, { channel: "self", device: "d1", zone: "z" }, 9);
  assert.deepEqual(found.map(({ channel }) => channel), ["own", "zone", "far"]);
});
