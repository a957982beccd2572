/** Closed alarms, the newest first. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem } from "../../api/client";
import * as ask from "../../api/queries";
import type { AlarmRecord } from "../../api/types";
import { age } from "../../domain/format";
import { said, words } from "../../i18n";
import { href } from "../../route";
import { reasonOf } from "../../ui/notice";
import { placeOf } from "../../ui/place";
import { ClassMark } from "../../ui/symbol";
import { Moment } from "../../ui/time";

export function HistoryPage() {
  const say = words.value;
  const items = useSignal<readonly AlarmRecord[]>([]);
  const next = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const busy = useSignal(true);
  const load = async () => {
    busy.value = true;
    try {
      const page = await ask.closedAlarms(next.value);
      items.value = [...items.value, ...page.items];
      next.value = page.next;
      problem.value = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    } finally {
      busy.value = false;
    }
  };
  useEffect(() => void load(), []);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{say.history.title}</h1>
        <span class="soft">{say.history.lead}</span>
        <a class="page-head-end" href={href("queue")}>
          {say.alarm.back}
        </a>
      </div>
      {problem.value && <p class="refusal">{reasonOf(problem.value)}</p>}
      {!busy.value && !problem.value && !items.value.length && <p class="soft">{say.history.none}</p>}
      {items.value.length > 0 && <Table items={items.value} />}
      {(next.value || problem.value) && (
        <button type="button" class="more" disabled={busy.value} onClick={() => void load()}>
          {say.history.more}
        </button>
      )}
    </div>
  );
}

function Table({ items }: { items: readonly AlarmRecord[] }) {
  const say = words.value;
  return (
    <div class="table-frame">
      <table class="table">
        <thead>
          <tr>
            <th>{say.alarm.class}</th>
            <th>{say.queue.columns.what}</th>
            <th>{say.alarm.where}</th>
            <th>{say.alarm.onset}</th>
            <th>{say.alarm.closed}</th>
            <th>{say.alarm.acked}</th>
            <th>{say.alarm.verdict}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((alarm) => {
            const place = placeOf(alarm);
            return (
              <tr key={alarm.id}>
                <td>
                  <ClassMark of={alarm.class} taken />
                </td>
                <td>
                  <a href={href("alarms", alarm.id)}>{said(alarm.title)}</a>
                </td>
                <td>{[place.workshop, place.zone].filter(Boolean).join(" · ")}</td>
                <td class="figure">
                  <Moment at={alarm.onset} />
                </td>
                <td class="figure">
                  {alarm.closed !== null && <Moment at={alarm.closed} />}
                  {alarm.closed !== null && <small>{age(alarm.closed - alarm.onset, say.age)}</small>}
                </td>
                <td>{alarm.acked_by}</td>
                <td>
                  {alarm.verdict && say.verdict[alarm.verdict]}
                  {alarm.cause && <small>{alarm.cause}</small>}
                </td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
