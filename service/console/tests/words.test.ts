import assert from "node:assert/strict";
import { test } from "node:test";

import { changes } from "../src/domain/changes";
import { en } from "../src/i18n/en";
import { zh } from "../src/i18n/zh";
import { parse } from "../src/route";
import { alarm } from "./samples";

/** Every word with its path; a function is called with figures in place of its words. */
function leaves(node: unknown, path = ""): [string, string][] {
  if (typeof node === "string") return [[path, node]];
  if (typeof node === "function") return [[path, String((node as (...given: unknown[]) => string)(2, 3, 4, 5))]];
  return Object.entries(node as object).flatMap(([name, child]) => leaves(child, `${path}.${name}`));
}

// What is the same in both languages, or empty on purpose.
const SAME = /^\.(brand|messages\.ways\.webhook|queue\.columns\.action|waits\.nothing|age\.gap|alarm\.by|workshops\.someOnline|keys\.rows\.\d+\.0)$/;

test("both languages say the same things, and Chinese says them in Chinese", () => {
  const [english, chinese] = [leaves(en), leaves(zh)];
  assert.deepEqual(chinese.map(([path]) => path), english.map(([path]) => path));
  for (const [path, text] of chinese) {
    if (!SAME.test(path)) assert.match(text, /\p{Script=Han}/u, path);
  }
  for (const [path, text] of english) {
    assert.doesNotMatch(text, /\p{Script=Han}/u, path);
    if (!SAME.test(path)) assert.notEqual(text.trim(), "", path);
  }
});

test("what changed since a person looked", () => {
  const before = alarm({ class: "prewarning", severity: 620, value: 3 });
  const after = alarm({ class: "fire", severity: 860, value: 5, facts: { acked: true, signal_lost: true }, acked_by: "lin" });
  assert.deepEqual(changes(before, after), [
    { what: "class", from: "prewarning", to: "fire" },
    { what: "severity", from: 620, to: 860 },
    { what: "value", from: 3, to: 5 },
    { what: "acked_by", who: "lin" },
    { what: "signal_lost" },
  ]);
  assert.deepEqual(changes(after, alarm({ ...after, facts: { active: false }, open: false })).map(({ what }) => what), [
    "reopened",
    "returned",
    "signal_back",
    "closed",
  ]);
  assert.deepEqual(changes(before, before), []);
});

test("a place in the hash, and nonsense is the queue", () => {
  assert.deepEqual(parse("#/alarms/ab%2Fc"), { page: "alarms", id: "ab/c" });
  assert.deepEqual(parse("#/system/dead-letters"), { page: "system", id: "dead-letters" });
  assert.deepEqual(parse("#/workshops"), { page: "workshops", id: null });
  for (const hash of ["", "#", "#/", "#/nowhere/1"]) assert.deepEqual(parse(hash), { page: "queue", id: null });
  assert.deepEqual(parse("#/alarms/%E0%A4%A"), { page: "alarms", id: "%E0%A4%A" });
});
