/** On every page: how many alarms of each class, and the worst fire. No filter and no scrolling hides it. */

import { CLASSES } from "../api/types";
import { said, words } from "../i18n";
import { counts, queue } from "../live/store";
import { href } from "../route";
import { silence, sounding } from "../sound/attention";
import { AckButton } from "../ui/ack";
import { placeOf } from "../ui/place";
import { Symbol } from "../ui/symbol";
import { Age } from "../ui/time";

export function Strip() {
  const { fire } = counts.value;
  const first = queue.value[0];
  const worst = first?.class === "fire" ? first : null;
  return (
    <section class={`strip ${fire.open ? "has-fire" : ""} ${fire.unacked ? "is-untaken" : ""}`} aria-label={words.value.strip.label}>
      <Counts />
      {worst ? <WorstFire /> : <span class="strip-quiet">{words.value.strip.noFire}</span>}
    </section>
  );
}

function Counts() {
  const say = words.value;
  return (
    <ul class="counts">
      {CLASSES.map((name) => {
        const { open, unacked } = counts.value[name];
        return (
          <li key={name} class={`count-${name} ${open ? "" : "is-zero"}`} data-testid={`count-${name}`}>
            <Symbol of={name} taken={!unacked} size={18} />
            <span class="count-word">{say.class[name]}</span>
            <b class="figure">{open}</b>
            {unacked > 0 && <span class="count-unacked">{say.strip.unacked(unacked)}</span>}
          </li>
        );
      })}
    </ul>
  );
}

function WorstFire() {
  // Among fires the first that nobody has taken speaks before one that is in hand.
  const fires = queue.value.filter((alarm) => alarm.class === "fire");
  const fire = fires.find((alarm) => !alarm.facts.acked) ?? fires[0];
  if (!fire) return null;
  const place = placeOf(fire);
  return (
    <div class="strip-fire" data-testid="worst-fire">
      <a href={href("alarms", fire.id)}>
        <b>{[place.workshop, place.zone].filter(Boolean).join(" · ")}</b>
        <span>{said(fire.title)}</span>
      </a>
      <span class="figure strip-age">
        <Age at={fire.onset} />
      </span>
      {sounding.value && (
        <button type="button" class="on-fire" onClick={silence}>
          {words.value.shell.silence}
        </button>
      )}
      <AckButton alarm={fire} onFire />
    </div>
  );
}
