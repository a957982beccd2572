/** The queue: what is wrong now, the worst first, with the one press that takes it. */

import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";

import { words } from "../../i18n";
import { queue } from "../../live/store";
import { href } from "../../route";
import { wide } from "../../ui/media";
import { Beside } from "./beside";
import { Empty } from "./empty";
import { Filters } from "./filters";
import { Many } from "./many";
import { Row } from "./row";
import { lines, shown } from "./selection";

const FIRST = 150;
/** Rows that have just moved take no press: it was meant for another row. */
const SETTLE_MS = 600;

export function QueuePage() {
  const say = words.value.queue;
  const most = useSignal(FIRST);
  // Fires come first in the order, and no cut hides one.
  const rows = useComputed(() => {
    const fires = shown.value.filter((alarm) => alarm.class === "fire").length;
    return lines.value.slice(0, Math.max(most.value, fires));
  });
  const left = lines.value.length - rows.value.length;
  const hidden = queue.value.length - shown.value.length;
  return (
    <div class="page queue-page">
      <div class="page-head">
        <h1>{say.title}</h1>
        <Filters />
        <a class="page-head-end" href={href("history")}>
          {say.history}
        </a>
      </div>
      <div class="queue-split">
        <div class="queue-main">
          {queue.value.length === 0 ? (
            <Empty />
          ) : (
            <>
              <div class="queue-columns" aria-hidden="true">
                {Object.entries(say.columns).map(([name, text]) => (
                  <span key={name} class={`col-${name}`}>
                    {text}
                  </span>
                ))}
              </div>
              <Rows ids={rows.value.map((line) => (line.kind === "one" ? line.alarm.id : line.rule)).join()}>
                {rows.value.map((line) =>
                  line.kind === "one" ? (
                    <Row key={line.alarm.id} alarm={line.alarm} />
                  ) : (
                    <Many key={line.rule} rule={line.rule} alarms={line.alarms} />
                  ),
                )}
              </Rows>
            </>
          )}
          {left > 0 && (
            <button type="button" class="more" onClick={() => (most.value += FIRST)}>
              {say.more(left)}
            </button>
          )}
          {hidden > 0 && <p class="soft queue-hidden">{say.hidden(hidden)}</p>}
        </div>
        {wide.value && <Beside />}
      </div>
    </div>
  );
}

function Rows({ ids, children }: { ids: string; children: preact.ComponentChildren }) {
  const list = useRef<HTMLOListElement>(null);
  const before = useRef(ids);
  useEffect(() => {
    if (before.current === ids) return undefined;
    before.current = ids;
    const { current } = list;
    current?.classList.add("is-moving");
    const timer = setTimeout(() => current?.classList.remove("is-moving"), SETTLE_MS);
    return () => clearTimeout(timer);
  }, [ids]);
  return (
    <ol class="queue" ref={list} aria-label={words.value.queue.label}>
      {children}
    </ol>
  );
}
