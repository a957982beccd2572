/** Every workshop at a glance: grey is normal; what is not, stands first in its area. */

import { useComputed, useSignal } from "@preact/signals";

import { type Group, groupByArea, isStale } from "../../domain/overview";
import { words } from "../../i18n";
import { now } from "../../live/clock";
import { places } from "../../live/register";
import { statusOf, workshopIds, worst } from "../../live/store";
import { Card } from "./card";

export function WorkshopsPage() {
  const say = words.value.workshops;
  const wanted = useSignal("");
  const only = useSignal(false);
  const minute = useComputed(() => Math.floor(now.value / 10_000) * 10_000);
  const groups = useComputed<Group[]>(() => {
    // Names and areas are read without watching each card's values: a reading moves no card.
    const all = workshopIds.value.flatMap((id) => statusOf(id)?.peek() ?? []);
    const text = wanted.value.trim().toLowerCase();
    const at = minute.value;
    const found = all.filter(
      (status) =>
        (!text || `${status.workshop.name} ${status.workshop.id} ${status.workshop.address}`.toLowerCase().includes(text)) &&
        (!only.value || worst.value.has(status.workshop.id) || isStale(status, at)),
    );
    return groupByArea(found, worst.value, places.value);
  });
  return (
    <div class="page">
      <div class="page-head">
        <h1>{say.title}</h1>
        <input
          type="search"
          placeholder={say.search}
          aria-label={say.search}
          value={wanted.value}
          onInput={(event) => (wanted.value = event.currentTarget.value)}
        />
        <label class="check">
          <input type="checkbox" checked={only.value} onChange={(event) => (only.value = event.currentTarget.checked)} />
          {say.onlyAbnormal}
        </label>
      </div>
      {!groups.value.length && <p class="soft">{workshopIds.value.length ? say.notFound : say.none}</p>}
      <div class="areas">
        {groups.value.map((group) => (
          <Area key={group.area ?? ""} group={group} />
        ))}
      </div>
    </div>
  );
}

function Area({ group }: { group: Group }) {
  const say = words.value.workshops;
  return (
    <section class="area">
      <h2>
        {group.name || say.noArea}
        <span class="soft">
          {say.inArea(group.workshops.length)}
          {group.abnormal > 0 && ` · ${say.abnormal(group.abnormal)}`}
        </span>
      </h2>
      <div class="cards">
        {group.workshops.map(({ workshop }) => (
          <Card key={workshop.id} id={workshop.id} />
        ))}
      </div>
    </section>
  );
}
