/** The other measurements of the same workshop around the onset: is it one sensor, or the room? */

import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";

import * as ask from "../../api/queries";
import type { AlarmRecord } from "../../api/types";
import { Chart } from "../../chart/chart";
import { companions } from "../../domain/channels";
import { UNASSIGNED, SYSTEM } from "../../domain/places";
import { words } from "../../i18n";
import { limitsFor, places } from "../../live/register";
import { useLoaded } from "../../ui/loading";
import { kindText } from "../../ui/value";
import { marksOf, windowOf } from "./course";

const FIRST = 6;
const MOST = 48;

interface Props {
  alarm: AlarmRecord;
  first?: number;
}

export function Companions({ alarm, first = FIRST }: Props) {
  if (alarm.workshop === SYSTEM || alarm.workshop === UNASSIGNED) return null;
  return <Of alarm={alarm} first={first} />;
}

function Of({ alarm, first }: Required<Props>) {
  const say = words.value;
  const most = useSignal(first);
  const [loaded] = useLoaded(() => ask.workshop(alarm.workshop), alarm.workshop);
  const span = useMemo(() => windowOf(alarm.onset, "around"), [alarm.onset]);
  const { data, busy } = loaded.value;
  const all = companions(data?.channels ?? [], alarm, MOST);
  const marks = marksOf(alarm).map(({ at }) => ({ at, text: "" }));
  return (
    <section>
      <h2>{say.alarm.others}</h2>
      {!all.length && <p class="soft">{busy ? say.loading : say.alarm.othersNone}</p>}
      <div class="companions">
        {all.slice(0, most.value).map((channel) => {
          const zone = channel.zone === null ? null : (places.value.zones.get(channel.zone)?.name ?? channel.zone);
          return (
            <Chart
              key={channel.channel}
              channel={channel.channel}
              kind={channel.kind}
              unit={channel.unit}
              name={[kindText(channel.kind, channel.name), zone ?? channel.device].join(" · ")}
              from={span.from}
              to={span.to}
              limits={limitsFor.value(channel.device, channel.kind)}
              marks={marks}
              height={110}
              sync={alarm.id}
            />
          );
        })}
      </div>
      {all.length > most.value && (
        <button type="button" class="more" onClick={() => (most.value = MOST)}>
          {say.queue.more(all.length - most.value)}
        </button>
      )}
    </section>
  );
}
