import { useComputed } from "@preact/signals";

import { isStale } from "../../domain/overview";
import { words } from "../../i18n";
import { now } from "../../live/clock";
import { channelDevices, limitsFor, places } from "../../live/register";
import { statusOf, worst } from "../../live/store";
import type { Highlight } from "../../api/types";
import { href } from "../../route";
import { Bar } from "../../ui/bar";
import { workshopName } from "../../ui/place";
import { Symbol } from "../../ui/symbol";
import { Passed } from "../../ui/time";
import { Value } from "../../ui/value";

const SHOWN = ["temperature", "smoke", "load", "residual_current"];

export function Card({ id }: { id: string }) {
  const status = statusOf(id);
  const stale = useComputed(() => status !== undefined && isStale(status.value, now.value));
  if (!status) return null;
  const { highlights } = status.value;
  const state = worst.value.get(id) ?? null;
  const say = words.value;
  return (
    <a
      class={`card ${state ? `is-${state}` : "is-normal"} ${stale.value ? "is-stale" : ""}`}
      href={href("workshops", id)}
      data-testid="workshop-card"
      data-workshop={id}
    >
      <span class="card-head">
        <span class="card-name">{workshopName(id)}</span>
        {state && (
          <span class="card-state">
            <Symbol of={state} size={14} /> {say.class[state]}
          </span>
        )}
      </span>
      <span class="card-values">
        {SHOWN.map((kind) => (
          <CardValue key={kind} kind={kind} highlight={highlights[kind]} />
        ))}
      </span>
      <Foot id={id} stale={stale.value} />
    </a>
  );
}

function CardValue({ kind, highlight }: { kind: string; highlight: Highlight | undefined }) {
  const device = highlight && channelDevices.value.get(highlight.channel);
  return (
    <span class={`card-value ${highlight ? "" : "is-none"}`}>
      <span class="card-kind">{words.value.short[kind] ?? kind}</span>
      {highlight ? (
        <>
          <span class="figures" data-testid="live-value" data-channel={highlight.channel}>
            <Value value={highlight.value} kind={kind} unit={highlight.unit} />
          </span>
          <Bar value={highlight.value} kind={kind} limits={device ? limitsFor.value(device, kind) : []} />
        </>
      ) : (
        <span class="figures">–</span>
      )}
    </span>
  );
}

function Foot({ id, stale }: { id: string; stale: boolean }) {
  const say = words.value;
  const status = statusOf(id);
  if (!status) return null;
  const { devices: count, last, workshop } = status.value;
  // The group says the first area: the card says where below it.
  const below = places.value.path(workshop.area).slice(1).join(" › ");
  const online =
    count.total === 0
      ? say.workshops.noDevices
      : count.online === count.total
        ? say.workshops.allOnline(count.total)
        : say.workshops.someOnline(count.online, count.total);
  return (
    <span class="card-foot">
      <span class="card-area">{below}</span>
      <span class={count.online < count.total ? "is-short" : ""}>{online}</span>
      <span class="card-age">
        {stale && <b>{say.workshops.stale} </b>}
        {last === null ? count.total > 0 && say.workshops.never : <Passed since={last} />}
      </span>
    </span>
  );
}
