/** Many alarms of one rule as one line, with all of them taken by one press, or opened one by one. */

import { useSignal } from "@preact/signals";

import { acknowledge } from "../../api/commands";
import type { AlarmRecord } from "../../api/types";
import { leave } from "../../domain/actions";
import { said, words } from "../../i18n";
import { role } from "../../session";
import { carryOut } from "../../ui/command";
import { ClassMark } from "../../ui/symbol";
import { Age, Moment } from "../../ui/time";
import { Row } from "./row";
import { opened } from "./selection";

const AT_ONCE = 4;

export function Many({ rule, alarms }: { rule: string; alarms: readonly AlarmRecord[] }) {
  const say = words.value.queue;
  const [first] = alarms;
  if (!first) return null;
  const isOpen = opened.value.has(rule);
  const untaken = alarms.filter((alarm) => !alarm.facts.acked);
  const workshops = new Set(alarms.map((alarm) => alarm.workshop)).size;
  const returned = alarms.filter((alarm) => !alarm.facts.active).length;
  const oldest = Math.min(...alarms.map((alarm) => alarm.onset));
  const toggle = () => {
    const next = new Set(opened.value);
    if (!next.delete(rule)) next.add(rule);
    opened.value = next;
  };
  return (
    <>
      <li class={`queue-row queue-many is-${first.class} ${untaken.length ? "is-untaken" : "is-taken"}`} data-testid="queue-many">
        <div class="col-class">
          <ClassMark of={first.class} taken={!untaken.length} />
        </div>
        <div class="col-what">
          <span class="queue-title">
            {said(first.title)} <b class="figure">× {alarms.length}</b>
          </span>
          <small>{say.untakenOf(untaken.length, alarms.length)}</small>
        </div>
        <div class="col-where">
          <span>{say.inWorkshops(workshops)}</span>
        </div>
        <div class="col-since">
          <b class="figure">
            <Age at={oldest} />
          </b>
          <small>
            <Moment at={oldest} />
          </small>
        </div>
        <div class="col-value">
          <button type="button" class="many-toggle" aria-expanded={isOpen} onClick={toggle}>
            {isOpen ? say.fold : say.unfold}
          </button>
        </div>
        <div class="col-state">
          <span>{say.returnedOf(returned, alarms.length)}</span>
        </div>
        <div class="col-action">
          <AcknowledgeAll alarms={untaken} />
        </div>
      </li>
      {isOpen && alarms.map((alarm) => <Row key={alarm.id} alarm={alarm} />)}
    </>
  );
}

function AcknowledgeAll({ alarms }: { alarms: readonly AlarmRecord[] }) {
  const say = words.value.queue;
  const left = useSignal(0);
  const mine = alarms.filter((alarm) => leave(alarm, "ack", role.value).may);
  if (!mine.length && !left.value) return null;
  const press = async () => {
    const todo = [...mine];
    left.value = todo.length;
    const work = async () => {
      // The first refusal stops it: the same would be said a hundred times.
      for (let alarm = todo.shift(); alarm; alarm = todo.shift()) {
        if (!(await carryOut(alarm, "ack", acknowledge))) todo.length = 0;
        left.value = todo.length;
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    left.value = 0;
  };
  return (
    <button type="button" class="ack" data-testid="ack-all" disabled={left.value > 0} onClick={() => void press()}>
      {left.value ? say.leftToAck(left.value) : say.ackAll}
    </button>
  );
}
