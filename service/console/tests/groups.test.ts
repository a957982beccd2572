import assert from "node:assert/strict";
import { test } from "node:test";

import type { AlarmClass, AlarmRecord } from "../src/api/types";
import { fold, MANY } from "../src/domain/groups";
import { alarm } from "./samples";

const some = (n: number, name: AlarmClass, rule: string): AlarmRecord[] =>
  Array.from({ length: n }, (_, i) => alarm({ id: `${rule}-${i}`, class: name, rule }));
const shape = (queue: AlarmRecord[]) => fold(queue).map((line) => (line.kind === "one" ? line.alarm.id : `${line.rule} × ${line.alarms.length}`));

test("many of one rule are one line where the first of them stood; few stand by themselves", () => {
  const queue = [...some(1, "prewarning", "smoke"), ...some(MANY, "trouble", "silent"), ...some(2, "trouble", "battery")];
  assert.deepEqual(shape(queue), ["smoke-0", `trouble silent × ${MANY}`, "battery-0", "battery-1"]);
  assert.equal(shape(some(MANY - 1, "trouble", "silent")).length, MANY - 1);
});

test("rules that mix in the order are folded all the same, and nothing is lost", () => {
  const [silent, battery] = [some(MANY, "trouble", "silent"), some(MANY + 3, "supervisory", "test")];
  const mixed = silent.flatMap((one, i) => [one, battery[i] as AlarmRecord]).concat(battery.slice(MANY));
  assert.deepEqual(shape(mixed), [`trouble silent × ${MANY}`, `supervisory test × ${MANY + 3}`]);
});

test("fires and prewarnings are never folded", () => {
  for (const name of ["fire", "prewarning"] as const) assert.equal(shape(some(50, name, "smoke")).length, 50);
});
