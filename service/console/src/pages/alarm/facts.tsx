import type { ComponentChildren } from "preact";

import type { AlarmRecord } from "../../api/types";
import { age } from "../../domain/format";
import { now as nowOf, waits } from "../../domain/state";
import { words } from "../../i18n";
import { contacts, devices, places } from "../../live/register";
import { valueOf } from "../../live/store";
import { href } from "../../route";
import { placeOf } from "../../ui/place";
import { Moment } from "../../ui/time";
import { kindText, limitText, Value } from "../../ui/value";
import { Flags } from "../queue/row";

export function Facts({ alarm }: { alarm: AlarmRecord }) {
  const say = words.value;
  const place = placeOf(alarm);
  const workshop = places.value.workshops.get(alarm.workshop);
  const device = alarm.device === null ? undefined : devices.value.get(alarm.device);
  const live = alarm.channel === null ? null : valueOf(alarm.channel).value;
  const next = waits(alarm);
  return (
    <section class="facts">
      <h2>{say.alarm.facts}</h2>
      <dl>
        <Fact name={say.queue.columns.state}>
          {say.state[nowOf(alarm)]}
          {say.waits[next] && ` · ${say.waits[next]}`} <Flags alarm={alarm} />
          <small title={say.isa(alarm.state)}>{say.isa(alarm.state)}</small>
        </Fact>
        <Fact name={say.alarm.where}>
          <a href={href("workshops", alarm.workshop)}>{place.workshop}</a>
          {place.zone && ` · ${place.zone}`}
          <small>{place.areas.join(" › ")}</small>
        </Fact>
        {workshop?.address && <Fact name={say.alarm.address}>{workshop.address}</Fact>}
        <People workshop={alarm.workshop} />
        {alarm.value !== null && (
          <Fact name={say.alarm.value}>
            <Value value={live?.value ?? alarm.value} kind={alarm.kind} unit={alarm.unit} />
            {alarm.limit !== null && (
              <small>
                {say.alarm.limit} {limitText(alarm.limit, alarm.unit)}
              </small>
            )}
          </Fact>
        )}
        {alarm.channel_name && <Fact name={say.alarm.channel}>{kindText(alarm.kind, alarm.channel_name)}</Fact>}
        {alarm.device && (
          <Fact name={say.alarm.device}>
            {alarm.device}
            {device?.model && <small>{device.model}</small>}
          </Fact>
        )}
        <Fact name={say.alarm.onset}>
          <Moment at={alarm.onset} />
        </Fact>
        <Fact name={say.alarm.raised}>
          <Moment at={alarm.raised} />
          <small>{say.alarm.delay(age(alarm.raised - alarm.onset, say.age))}</small>
        </Fact>
        {alarm.returned !== null && (
          <Fact name={say.alarm.returned}>
            <Moment at={alarm.returned} />
          </Fact>
        )}
        {alarm.acked !== null && (
          <Fact name={say.alarm.acked}>
            <Moment at={alarm.acked} /> <b>{alarm.acked_by}</b>
          </Fact>
        )}
        {alarm.verdict !== null && (
          <Fact name={say.alarm.verdict}>
            <b>{say.verdict[alarm.verdict]}</b>
            {alarm.cause && <small>{alarm.cause}</small>}
          </Fact>
        )}
        {alarm.closed !== null && (
          <Fact name={say.alarm.closed}>
            <Moment at={alarm.closed} />
          </Fact>
        )}
        <Fact name={say.alarm.rule}>
          {alarm.rule} <span class="soft">v{alarm.rule_version}</span>
          <small>
            {say.alarm.severity} {alarm.severity}
          </small>
        </Fact>
      </dl>
    </section>
  );
}

function People({ workshop }: { workshop: string }) {
  const people = contacts.value.filter((contact) => contact.workshop === workshop);
  if (!people.length) return null;
  return <Fact name={words.value.alarm.contacts}>{people.map((contact) => contact.name).join("、")}</Fact>;
}

function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
