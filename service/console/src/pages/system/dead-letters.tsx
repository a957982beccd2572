/** What came in and could not be understood. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import { Problem } from "../../api/client";
import * as ask from "../../api/queries";
import type { DeadLetter } from "../../api/types";
import { words } from "../../i18n";
import { reasonOf } from "../../ui/notice";
import { Moment } from "../../ui/time";

export function DeadLetters() {
  const say = words.value.system;
  const items = useSignal<readonly DeadLetter[] | null>(null);
  const next = useSignal<string | null>(null);
  const problem = useSignal<Problem | null>(null);
  const load = async () => {
    try {
      const page = await ask.deadLetters(next.value);
      items.value = [...(items.value ?? []), ...page.items];
      next.value = page.next;
      problem.value = null;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      problem.value = error;
    }
  };
  useEffect(() => void load(), []);
  return (
    <section>
      <p class="soft">{say.deadLead}</p>
      {problem.value && <p class="refusal">{reasonOf(problem.value)}</p>}
      {items.value?.length === 0 && <p>{say.deadNone}</p>}
      {items.value !== null && items.value.length > 0 && <Table items={items.value} />}
      {next.value && (
        <button type="button" class="more" onClick={() => void load()}>
          {say.more}
        </button>
      )}
    </section>
  );
}

function Table({ items }: { items: readonly DeadLetter[] }) {
  const say = words.value;
  return (
    <div class="table-frame">
      <table class="table">
        <thead>
          <tr>
            <th>{say.alarm.when}</th>
            <th>{say.system.topic}</th>
            <th>{say.system.reason}</th>
            <th>{say.system.payload}</th>
          </tr>
        </thead>
        <tbody>
          {items.map((letter) => (
            <tr key={letter.id}>
              <td class="figure">
                <Moment at={letter.time} />
              </td>
              <td>
                <code>{letter.topic}</code>
                <small>{letter.gateway}</small>
              </td>
              <td>
                {letter.reason}
                <small>{letter.detail}</small>
              </td>
              <td>
                <code class="payload">{letter.payload}</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
