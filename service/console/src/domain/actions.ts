/** What a person may do to an alarm now, or why not. Mirrors the engine's table of moves; the engine has the last word. */

import type { AlarmRecord, Role } from "../api/types";

export type Action = "ack" | "reset" | "verdict" | "comment";

/** A key of `words.refused`. */
export type Why =
  | "role"
  | "closed"
  | "already_acked"
  | "active"
  | "not_acked"
  | "not_latched"
  | "no_verdict_needed";

export type Leave = { may: true; reason: boolean } | { may: false; why: Why };

const YES: Leave = { may: true, reason: false };
const no = (why: Why): Leave => ({ may: false, why });

const ROLES: Record<Action, readonly Role[]> = {
  ack: ["admin", "operator", "officer"],
  comment: ["admin", "operator", "officer"],
  verdict: ["admin", "operator", "officer"],
  reset: ["admin", "operator"],
};

/** A fire or prewarning is closed by a person's verdict only. */
export const needsVerdict = (alarm: AlarmRecord): boolean =>
  (alarm.class === "fire" || alarm.class === "prewarning") && alarm.verdict === null;

/** `reason` true: only with a reason given. */
export function leave(alarm: AlarmRecord, action: Action, role: Role | null): Leave {
  if (role === null || !ROLES[action].includes(role)) return no("role");
  if (action === "comment") return YES;
  if (!alarm.open) return no("closed");
  switch (action) {
    case "ack":
      return alarm.facts.acked ? no("already_acked") : YES;
    case "verdict":
      return alarm.class === "fire" || alarm.class === "prewarning" ? YES : no("no_verdict_needed");
    case "reset":
      return mayReset(alarm);
  }
}

function mayReset({ facts }: AlarmRecord): Leave {
  if (facts.active) return facts.signal_lost ? { may: true, reason: true } : no("active");
  if (!facts.latched) return no("not_latched");
  return facts.acked ? YES : no("not_acked");
}

/** Messages, dead letters, discovered devices and their adoption: the centre's own business. */
export const ofCentre = (role: Role | null): boolean => role === "admin" || role === "operator";
