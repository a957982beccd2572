/** What a person does to an alarm. Each carries an id of its own, so that asking twice is doing it once. */

import { ask, Problem } from "./client";
import type { AlarmRecord, Verdict } from "./types";

type Detail = Record<string, string | null | undefined>;

export const acknowledge = (alarm: AlarmRecord): Promise<AlarmRecord> => command(alarm, "ack", {});

export const reset = (alarm: AlarmRecord, reason: string): Promise<AlarmRecord> =>
  command(alarm, "reset", { reason });

export const judge = (alarm: AlarmRecord, verdict: Verdict, cause: string): Promise<AlarmRecord> =>
  command(alarm, "verdict", { verdict, ...(cause ? { cause } : {}) });

export const comment = (alarm: AlarmRecord, text: string): Promise<AlarmRecord> => command(alarm, "comment", { text });

async function command(alarm: AlarmRecord, what: string, detail: Detail): Promise<AlarmRecord> {
  const path = `/alarms/${encodeURIComponent(alarm.id)}/${what}`;
  const body = { ...detail, command_id: newId(), seen: alarm.revision };
  const once = () => ask<{ alarm: AlarmRecord }>(path, { method: "POST", body, timeout: 6_000 });
  try {
    return (await once()).alarm;
  } catch (error) {
    // No answer is not a no: the same id once more, before a person is asked to.
    if (error instanceof Problem && error.passing) return (await once()).alarm;
    throw error;
  }
}

/** 128 random bits; `crypto.randomUUID` is not there on plain-HTTP addresses of a local network. */
function newId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
