import assert from "node:assert/strict";
import { test } from "node:test";

import type { Facts } from "../src/api/types";
import { type Action, leave } from "../src/domain/actions";
import { now, waits } from "../src/domain/state";
import { alarm } from "./samples";

const why = (action: Action, facts: Partial<Facts>, open = true) => {
  const found = leave(alarm({ open, facts }), action, "operator");
  return found.may ? (found.reason ? "with a reason" : "yes") : found.why;
};

test("what an operator may do follows the engine's table of moves", () => {
  const cases: [string, Action, Partial<Facts>, string][] = [
    ["B", "ack", {}, "yes"],
    ["C", "ack", { acked: true }, "already_acked"],
    ["B", "reset", {}, "active"],
    ["B without signal", "reset", { signal_lost: true }, "with a reason"],
    ["D", "reset", { active: false }, "not_latched"],
    ["E", "reset", { active: false, latched: true }, "not_acked"],
    ["F", "reset", { active: false, latched: true, acked: true }, "yes"],
    ["F waiting for its verdict only", "reset", { active: false, acked: true }, "not_latched"],
    ["F", "verdict", { active: false, acked: true }, "yes"],
  ];
  for (const [state, action, facts, expected] of cases) assert.equal(why(action, facts), expected, `${state} ${action}`);
});

test("a closed alarm takes a comment and nothing else", () => {
  assert.deepEqual(
    (["ack", "reset", "verdict", "comment"] as const).map((action) => why(action, {}, false)),
    ["closed", "closed", "closed", "yes"],
  );
});

test("roles: an officer resets nothing, owner and viewer only look", () => {
  const latched = alarm({ facts: { active: false, latched: true, acked: true } });
  assert.deepEqual(leave(latched, "reset", "officer"), { may: false, why: "role" });
  assert.equal(leave(latched, "verdict", "officer").may, true);
  for (const role of ["owner", "viewer", null] as const) {
    for (const action of ["ack", "reset", "verdict", "comment"] as const) {
      assert.deepEqual(leave(alarm(), action, role), { may: false, why: "role" });
    }
  }
});

test("a lower class needs no verdict", () => {
  assert.deepEqual(leave(alarm({ class: "trouble" }), "verdict", "admin"), { may: false, why: "no_verdict_needed" });
});

test("the state in words says what it does and what is due next", () => {
  assert.deepEqual([now(alarm()), waits(alarm())], ["active", "ack"]);
  const lost = alarm({ facts: { signal_lost: true, acked: true } });
  assert.deepEqual([now(lost), waits(lost)], ["lost", "verdict"]);
  const judged = alarm({ verdict: "nuisance", facts: { active: false, acked: true, latched: true } });
  assert.deepEqual([now(judged), waits(judged)], ["returned", "reset"]);
  assert.equal(waits(alarm({ verdict: "fire", facts: { acked: true } })), "return");
  assert.deepEqual([now(alarm({ open: false })), waits(alarm({ open: false }))], ["closed", "nothing"]);
});
