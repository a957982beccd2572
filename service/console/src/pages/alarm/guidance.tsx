import type { AlarmRecord } from "../../api/types";
import { said, words } from "../../i18n";

/** The rule's own words on what to do; the first thing that is read. */
export function Guidance({ alarm }: { alarm: AlarmRecord }) {
  return (
    <section class={`guidance is-${alarm.class}`}>
      <h2>{words.value.alarm.todo}</h2>
      <p>{said(alarm.guidance)}</p>
    </section>
  );
}
