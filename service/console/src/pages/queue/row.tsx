import type { AlarmRecord } from "../../api/types";
import { clock } from "../../domain/format";
import { now as nowOf, waits } from "../../domain/state";
import { said, words } from "../../i18n";
import { valueOf } from "../../live/store";
import { href } from "../../route";
import { AckButton } from "../../ui/ack";
import { placeOf } from "../../ui/place";
import { ClassMark } from "../../ui/symbol";
import { Age, Moment } from "../../ui/time";
import { kindText, limitText, Value } from "../../ui/value";
import { selectedId } from "./selection";

export function Row({ alarm }: { alarm: AlarmRecord }) {
  const isSelected = selectedId.value === alarm.id;
  const untaken = !alarm.facts.acked;
  return (
    <li
      class={`queue-row is-${alarm.class} ${untaken ? "is-untaken" : "is-taken"} ${alarm.facts.active ? "" : "is-returned"}`}
      data-testid="queue-row"
      data-alarm={alarm.id}
      data-class={alarm.class}
      aria-current={isSelected ? "true" : undefined}
      onClick={() => (selectedId.value = alarm.id)}
    >
      <div class="col-class">
        <ClassMark of={alarm.class} taken={!untaken} />
      </div>
      <div class="col-what">
        <a class="queue-title" href={href("alarms", alarm.id)}>
          {said(alarm.title)}
        </a>
        <small>{[kindText(alarm.kind, alarm.channel_name), alarm.device].filter(Boolean).join(" · ")}</small>
      </div>
      <Where alarm={alarm} />
      <div class="col-since">
        <b class="figure">
          <Age at={alarm.onset} />
        </b>
        <small>
          <Moment at={alarm.onset} />
        </small>
      </div>
      <div class="col-value">
        <Now alarm={alarm} />
      </div>
      <State alarm={alarm} />
      <div class="col-action">
        {untaken ? <AckButton alarm={alarm} /> : <Taken alarm={alarm} />}
      </div>
    </li>
  );
}

function Where({ alarm }: { alarm: AlarmRecord }) {
  const place = placeOf(alarm);
  return (
    <div class="col-where">
      <span>
        {place.workshop}
        {place.zone && <b> · {place.zone}</b>}
      </span>
      <small>{place.areas.join(" › ")}</small>
    </div>
  );
}

/** The channel's value as it is now, where it speaks; else as it was at the alarm. */
function Now({ alarm }: { alarm: AlarmRecord }) {
  const live = alarm.channel === null ? null : valueOf(alarm.channel).value;
  const value = live?.value ?? alarm.value;
  if (value === null) return <span class="soft">–</span>;
  return (
    <>
      <span>
        <Value value={value} kind={alarm.kind} unit={alarm.unit} />
      </span>
      {alarm.limit !== null && (
        <small>
          {words.value.above} {limitText(alarm.limit, alarm.unit)}
        </small>
      )}
    </>
  );
}

function State({ alarm }: { alarm: AlarmRecord }) {
  const say = words.value;
  const next = waits(alarm);
  return (
    <div class="col-state" title={say.isa(alarm.state)}>
      <span>
        {say.state[nowOf(alarm)]}
        <Flags alarm={alarm} />
      </span>
      <small class={`waits is-${next}`}>{say.waits[next]}</small>
    </div>
  );
}

export function Flags({ alarm }: { alarm: AlarmRecord }) {
  const say = words.value.flags;
  const { late, test, latched } = alarm.facts;
  return (
    <>
      {test && <span class="flag">{say.test}</span>}
      {late && <span class="flag">{say.late}</span>}
      {latched && <span class="flag">{say.latched}</span>}
    </>
  );
}

function Taken({ alarm }: { alarm: AlarmRecord }) {
  return (
    <small class="taken">
      {alarm.acked_by}
      {alarm.acked !== null && <span class="figure"> {clock(alarm.acked)}</span>}
    </small>
  );
}
