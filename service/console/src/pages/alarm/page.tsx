/** One alarm: what to do, its course, what happened, and what may be done now. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

import * as ask from "../../api/queries";
import type { AlarmEvent, AlarmRecord } from "../../api/types";
import { ofCentre } from "../../domain/actions";
import { now as nowOf, waits } from "../../domain/state";
import { said, words } from "../../i18n";
import { mergeEvent } from "../../live/merge";
import { onAlarm, openAlarms } from "../../live/store";
import { href } from "../../route";
import { role } from "../../session";
import { useLoaded } from "../../ui/loading";
import { reasonOf } from "../../ui/notice";
import { placeOf } from "../../ui/place";
import { ClassMark } from "../../ui/symbol";
import { Age } from "../../ui/time";
import { Actions } from "./actions";
import { Companions } from "./companions";
import { Course } from "./course";
import { Events } from "./events";
import { Facts } from "./facts";
import { Guidance } from "./guidance";
import { Siblings } from "./siblings";
import { Told } from "./told";

export function AlarmPage({ id }: { id: string }) {
  const say = words.value;
  const [loaded, again] = useLoaded(() => ask.alarm(id), id);
  const fresh = useSignal<{ alarm: AlarmRecord; events: readonly AlarmEvent[] } | null>(null);
  useEffect(
    () =>
      onAlarm((news) => {
        if (news.alarm.id !== id) return;
        const known = fresh.value?.events ?? [];
        fresh.value = { alarm: news.alarm, events: news.transition ? mergeEvent(known, news.transition) : known };
      }),
    [id],
  );
  const { data, problem, busy } = loaded.value;
  const alarm = newest(data?.alarm, openAlarms.value.get(id), fresh.value?.alarm);
  if (!alarm) {
    if (busy) return <p class="page soft">{say.loading}</p>;
    return (
      <div class="page">
        <p class="refusal">{problem?.status === 404 ? say.alarm.missing : problem ? reasonOf(problem) : say.error.load}</p>
        <p>
          <button type="button" onClick={again}>
            {say.error.again}
          </button>{" "}
          <a href={href("queue")}>{say.alarm.back}</a>
        </p>
      </div>
    );
  }
  const events = (fresh.value?.events ?? []).reduce(mergeEvent, data?.events ?? []);
  return (
    <article class="page alarm-page">
      <Head alarm={alarm} />
      <div class="alarm-grid">
        <div class="alarm-side">
          <Actions alarm={alarm} />
          <Facts alarm={alarm} />
        </div>
        <div class="alarm-main">
          <Guidance alarm={alarm} />
          <Course alarm={alarm} height={230} withRanges />
          <Companions alarm={alarm} />
        </div>
        <div class="alarm-log">
          <Siblings alarm={alarm} />
          <section>
            <h2>{say.alarm.events}</h2>
            {problem && !data && <p class="refusal">{say.alarm.eventsMissing}</p>}
            <Events events={events} />
          </section>
          {ofCentre(role.value) && <Told alarm={alarm} />}
        </div>
      </div>
    </article>
  );
}

function newest(...records: (AlarmRecord | undefined)[]): AlarmRecord | null {
  return records.reduce<AlarmRecord | null>((best, one) => (one && (!best || one.revision > best.revision) ? one : best), null);
}

function Head({ alarm }: { alarm: AlarmRecord }) {
  const say = words.value;
  const place = placeOf(alarm);
  const next = waits(alarm);
  return (
    <header class={`alarm-head is-${alarm.class} ${alarm.facts.acked ? "is-taken" : "is-untaken"} ${alarm.open ? "" : "is-closed"}`}>
      <ClassMark of={alarm.class} taken={alarm.facts.acked} />
      <div class="alarm-title">
        <h1>{said(alarm.title)}</h1>
        <p>
          <b>{[place.workshop, place.zone].filter(Boolean).join(" · ")}</b> <span class="soft">{place.areas.join(" › ")}</span>
        </p>
      </div>
      <div class="alarm-state">
        <b>{say.state[nowOf(alarm)]}</b>
        <span class={`waits is-${next}`}>{say.waits[next]}</span>
      </div>
      {alarm.open && (
        <div class="alarm-age">
          <b class="figure">
            <Age at={alarm.onset} />
          </b>
          <span class="soft">{say.queue.columns.since}</span>
        </div>
      )}
    </header>
  );
}
