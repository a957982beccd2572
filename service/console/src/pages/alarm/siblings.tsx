import type { AlarmRecord } from "../../api/types";
import { waits } from "../../domain/state";
import { said, words } from "../../i18n";
import { queue } from "../../live/store";
import { href } from "../../route";
import { Symbol } from "../../ui/symbol";
import { Age } from "../../ui/time";

/** What else is open in the same workshop: one event often speaks through several detectors. */
export function Siblings({ alarm }: { alarm: AlarmRecord }) {
  const say = words.value;
  const others = queue.value.filter((other) => other.workshop === alarm.workshop && other.id !== alarm.id);
  if (!others.length) return null;
  return (
    <section>
      <h2>{say.alarm.siblings}</h2>
      <ul class="siblings">
        {others.map((other) => (
          <li key={other.id}>
            <Symbol of={other.class} taken={other.facts.acked} size={18} silent={false} />
            <a href={href("alarms", other.id)}>{said(other.title)}</a>
            <span class="soft">{say.waits[waits(other)]}</span>
            <span class="figure">
              <Age at={other.onset} />
            </span>
          </li>
        ))}
      </ul>
    </section>
  );
}
