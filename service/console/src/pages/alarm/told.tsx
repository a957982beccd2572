import * as ask from "../../api/queries";
import type { AlarmRecord } from "../../api/types";
import { words } from "../../i18n";
import { useLoaded } from "../../ui/loading";
import { DeliveryState } from "../messages";
import { Moment } from "../../ui/time";

const EVERY_MS = 10_000;

/** Who was told of this alarm, and whether it arrived. */
export function Told({ alarm }: { alarm: AlarmRecord }) {
  const say = words.value;
  const [loaded] = useLoaded(() => ask.messages(alarm.id), `${alarm.id} ${alarm.revision}`, EVERY_MS);
  const { data, busy } = loaded.value;
  const items = data?.items.filter((message) => message.alarm === alarm.id) ?? [];
  return (
    <section>
      <h2>{say.alarm.told}</h2>
      {!items.length && <p class="soft">{busy && !data ? say.loading : say.alarm.toldNone}</p>}
      <ul class="told">
        {items.map((message) => (
          <li key={message.id}>
            <span class="figure">
              <Moment at={message.queued} />
            </span>
            <span>
              <b>{message.contact_name}</b> <span class="soft">{say.messages.ways[message.channel] ?? message.channel}</span>
            </span>
            <DeliveryState message={message} />
          </li>
        ))}
      </ul>
    </section>
  );
}
