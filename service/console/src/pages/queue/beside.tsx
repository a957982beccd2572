/** On a wide screen: what to do about the selected alarm (else the worst), beside the queue. */

import { said, words } from "../../i18n";
import { queue } from "../../live/store";
import { href } from "../../route";
import { ClassMark } from "../../ui/symbol";
import { Actions } from "../alarm/actions";
import { Companions } from "../alarm/companions";
import { Course } from "../alarm/course";
import { Facts } from "../alarm/facts";
import { Guidance } from "../alarm/guidance";
import { selected } from "./selection";

export function Beside() {
  const alarm = selected.value ?? queue.value[0];
  if (!alarm) return null;
  return (
    <aside class="beside" aria-label={words.value.alarm.todo}>
      <div class="beside-head">
        <ClassMark of={alarm.class} taken={alarm.facts.acked} />
        <h2>
          <a href={href("alarms", alarm.id)}>{said(alarm.title)}</a>
        </h2>
      </div>
      <Guidance alarm={alarm} />
      <Actions key={alarm.id} alarm={alarm} />
      <Course key={`${alarm.id} course`} alarm={alarm} height={150} />
      <Companions key={`${alarm.id} companions`} alarm={alarm} first={2} />
      <Facts alarm={alarm} />
    </aside>
  );
}
