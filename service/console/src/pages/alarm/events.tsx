import type { AlarmEvent, Verdict } from "../../api/types";
import { age, moment } from "../../domain/format";
import { words } from "../../i18n";
import { now } from "../../live/clock";

/** Who did what, when it happened, and when we knew; the newest last, as it is told. */
export function Events({ events }: { events: readonly AlarmEvent[] }) {
  const say = words.value;
  return (
    <ol class="events">
      {events.map((event) => {
        const late = event.known - event.happened;
        return (
          <li key={event.id} class={`event is-${event.kind}`}>
            <time class="figure" title={new Date(event.happened).toISOString()}>
              {moment(event.happened, now.value)}
            </time>
            <div>
              <b>{say.event[event.kind]}</b> {event.who && <span>{say.alarm.by(event.who)}</span>}
              {event.why && <p>{whyText(event)}</p>}
              {late >= 1000 && (
                <small>
                  {say.alarm.knew} {moment(event.known, now.value)} · {say.alarm.delay(age(late, say.age))}
                </small>
              )}
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function whyText(event: AlarmEvent): string {
  const names = words.value.verdict;
  return event.kind === "verdict" && event.why !== null && event.why in names ? names[event.why as Verdict] : (event.why ?? "");
}
