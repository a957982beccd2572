/** What happened to a command that somebody gave, in a corner until it is dismissed. */

import { signal } from "@preact/signals";

import { Problem } from "../api/client";
import type { AlarmRecord } from "../api/types";
import { words } from "../i18n";
import { openAlarms } from "../live/store";

interface Notice {
  id: number;
  bad: boolean;
  text: string;
  more: string[];
  /** What it is about: it goes when the alarm itself has gone on. */
  about: AlarmRecord | null;
}

const STAYS_MS = 6_000;
const MOST = 4;
const notices = signal<readonly Notice[]>([]);
let next = 1;

export function notify(text: string, { bad = false, more = [] as string[], about = null as AlarmRecord | null } = {}): void {
  const notice = { id: next++, bad, text, more, about };
  notices.value = [...notices.value, notice].slice(-MOST);
  if (!bad) setTimeout(() => dismiss(notice.id), STAYS_MS);
}

function dismiss(id: number): void {
  notices.value = notices.value.filter((notice) => notice.id !== id);
}

/** The reason of a refusal in the reader's words; the server's own sentence where we have none for it. */
export function reasonOf(problem: Problem): string {
  const { refused } = words.value;
  const known = refused[problem.word] ?? (problem.status === 403 ? refused["role"] : undefined);
  return known ?? (problem.detail || (refused["other"] as string));
}

function isOfNow({ about }: Notice): boolean {
  return about === null || openAlarms.value.get(about.id)?.revision === about.revision;
}

export function Notices() {
  return (
    <div class="notices" aria-live="polite">
      {notices.value.filter(isOfNow).map((notice) => (
        <div key={notice.id} class={`notice ${notice.bad ? "is-bad" : ""}`}>
          <div>
            <p>{notice.text}</p>
            {notice.more.length > 0 && (
              <p class="soft">
                {words.value.change.title} {notice.more.join(" · ")}
              </p>
            )}
          </div>
          <button type="button" class="plain" onClick={() => dismiss(notice.id)} aria-label={words.value.dismiss}>
            ✕
          </button>
        </div>
      ))}
    </div>
  );
}
