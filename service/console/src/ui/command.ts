/** Gives a command and says what became of it. */

import { signal } from "@preact/signals";

import { Problem } from "../api/client";
import type { AlarmRecord } from "../api/types";
import { type Change, changes } from "../domain/changes";
import { said, words } from "../i18n";
import { serverNow } from "../live/clock";
import { openAlarms, takeRecord } from "../live/store";
import { notify, reasonOf } from "./notice";
import { valueText } from "./value";

/** `alarm/what` of the commands that are on their way. */
export const underway = signal<ReadonlySet<string>>(new Set());

export const isUnderway = (alarm: string, what: string): boolean => underway.value.has(`${alarm}/${what}`);

/** The alarm after it, or null: it was refused, and the person was told why. */
export async function carryOut(
  alarm: AlarmRecord,
  what: string,
  command: (alarm: AlarmRecord) => Promise<AlarmRecord>,
): Promise<AlarmRecord | null> {
  const key = `${alarm.id}/${what}`;
  if (underway.value.has(key)) return null;
  underway.value = new Set(underway.value).add(key);
  try {
    const after = await command(alarm);
    takeRecord(after, serverNow());
    return after;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    const more = error.status === 409 ? whatChanged(alarm, error) : [];
    notify(`${said(alarm.title)}: ${reasonOf(error)}`, { bad: true, more, about: openAlarms.peek().get(alarm.id) ?? null });
    return null;
  } finally {
    const left = new Set(underway.value);
    left.delete(key);
    underway.value = left;
  }
}

/** A refusal brings the alarm as it is now: show that, and say what is different from what the person saw. */
function whatChanged(seen: AlarmRecord, problem: Problem): string[] {
  const now = problem.body["alarm"] as AlarmRecord | null | undefined;
  if (!now) return [];
  takeRecord(now, serverNow());
  return changes(seen, now).map((change) => changeText(change, now));
}

function changeText(change: Change, alarm: AlarmRecord): string {
  const { change: say, class: names } = words.value;
  switch (change.what) {
    case "class":
      return say.class(names[change.from], names[change.to]);
    case "severity":
      return say.severity(String(change.from), String(change.to));
    case "value":
      return say.value(valueText(change.from, alarm.kind, alarm.unit), valueText(change.to, alarm.kind, alarm.unit));
    case "acked_by":
      return say.acked_by(change.who ?? "?");
    default:
      return say[change.what];
  }
}
