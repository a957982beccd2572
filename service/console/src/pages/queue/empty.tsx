import { useComputed } from "@preact/signals";

import { age, moment } from "../../domain/format";
import { words } from "../../i18n";
import { now } from "../../live/clock";
import { connection } from "../../live/connection";
import { quietSince, statusOf, workshopIds } from "../../live/store";

/** No alarm, and why that can be believed. */
export function Empty() {
  const say = words.value.queue;
  const sums = useComputed(() => {
    const all = workshopIds.value.map((id) => statusOf(id)?.value.devices ?? { online: 0, total: 0 });
    return { online: all.reduce((n, d) => n + d.online, 0), total: all.reduce((n, d) => n + d.total, 0) };
  });
  const { online, total } = sums.value;
  const since = quietSince.value;
  const isLive = connection.value.state === "live";
  return (
    <div class="empty">
      <svg width="44" height="44" viewBox="0 0 44 44" aria-hidden="true">
        <circle cx="22" cy="22" r="20" />
        <path d="m13 23 6 6 12-13" />
      </svg>
      <h2>{say.empty}</h2>
      {since !== null ? (
        <p>{say.quietSince(moment(since, now.value), age(now.value - since, words.value.age))}</p>
      ) : (
        <p>{say.quiet}</p>
      )}
      <p class={isLive ? "soft" : "refusal"}>{isLive ? say.alive(workshopIds.value.length, online, total) : say.notAlive}</p>
    </div>
  );
}
