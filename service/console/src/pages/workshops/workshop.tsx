/** One workshop: its alarms, and every channel with its live value, its limits and its last hour. */

import { useEffect } from "preact/hooks";

import * as ask from "../../api/queries";
import type { ChannelState } from "../../api/types";
import { compareChannels } from "../../domain/channels";
import { compareAlarms } from "../../domain/order";
import { words } from "../../i18n";
import { places } from "../../live/register";
import { openAlarms, statusOf } from "../../live/store";
import { href } from "../../route";
import { useLoaded } from "../../ui/loading";
import { reasonOf } from "../../ui/notice";
import { workshopName } from "../../ui/place";
import { Passed } from "../../ui/time";
import { Row } from "../queue/row";
import { ChannelChip, ChannelRow } from "./channel-row";

const EVERY_MS = 60_000;

export function WorkshopPage({ id }: { id: string }) {
  const say = words.value;
  const [loaded, again] = useLoaded(() => ask.workshop(id), id, EVERY_MS);
  const { data, problem, busy } = loaded.value;
  const alarms = [...openAlarms.value.values()].filter((alarm) => alarm.workshop === id).sort(compareAlarms);
  // What becomes open or closed may come with a channel that was not there before.
  useEffect(() => {
    if (data) again();
  }, [alarms.length]);
  return (
    <article class="page workshop-page">
      <Head id={id} />
      {alarms.length > 0 ? (
        <ol class="queue" aria-label={say.queue.label}>
          {alarms.map((alarm) => (
            <Row key={alarm.id} alarm={alarm} />
          ))}
        </ol>
      ) : (
        data && <p class="soft">{say.workshop.noAlarms}</p>
      )}
      {problem && !data && (
        <p class="refusal">
          {problem.status === 404 ? say.workshop.missing : reasonOf(problem)}{" "}
          <button type="button" onClick={again}>
            {say.error.again}
          </button>
        </p>
      )}
      {busy && !data && <p class="soft">{say.loading}</p>}
      {data && <Channels channels={data.channels} />}
    </article>
  );
}

function Head({ id }: { id: string }) {
  const say = words.value;
  const known = places.value.workshops.get(id);
  const status = statusOf(id)?.value;
  const area = known?.area ?? status?.workshop.area ?? null;
  return (
    <header class="page-head">
      <div>
        <h1>{workshopName(id)}</h1>
        <p class="soft">{[places.value.path(area).join(" › "), known?.address || status?.workshop.address].filter(Boolean).join(" · ")}</p>
      </div>
      {status && (
        <dl class="head-facts">
          <div>
            <dt>{say.system.device}</dt>
            <dd>{say.workshops.someOnline(status.devices.online, status.devices.total)}</dd>
          </div>
          <div>
            <dt>{say.workshops.lastReading}</dt>
            <dd class="figure">{status.last === null ? say.workshops.never : <Passed since={status.last} />}</dd>
          </div>
        </dl>
      )}
      <a class="page-head-end" href={href("workshops")}>
        {say.workshop.back}
      </a>
    </header>
  );
}

function Channels({ channels }: { channels: readonly ChannelState[] }) {
  const say = words.value;
  if (!channels.length) return <p class="soft">{say.workshop.noChannels}</p>;
  const zones = new Map<string | null, ChannelState[]>();
  for (const channel of channels) zones.set(channel.zone, [...(zones.get(channel.zone) ?? []), channel]);
  const name = (zone: string | null) => (zone === null ? say.workshop.noZone : (places.value.zones.get(zone)?.name ?? zone));
  return (
    <div class="zones">
      {[...zones.entries()]
        .sort(([a], [b]) => Number(a === null) - Number(b === null) || (name(a) < name(b) ? -1 : 1))
        .map(([zone, own]) => (
          <section key={zone ?? ""} class="zone">
            <h2>{name(zone)}</h2>
            {byDevice(own).map(([device, of]) => (
              <div key={device} class="device">
                <h3>
                  {device}
                  {of.filter(isAboutItself).map((channel) => (
                    <ChannelChip key={channel.channel} channel={channel} />
                  ))}
                </h3>
                {of
                  .filter((channel) => !isAboutItself(channel))
                  .map((channel) => (
                    <ChannelRow key={channel.channel} channel={channel} />
                  ))}
              </div>
            ))}
          </section>
        ))}
    </div>
  );
}

const ABOUT_ITSELF: ReadonlySet<string> = new Set(["online", "battery", "tamper"]);
const isAboutItself = ({ kind }: ChannelState): boolean => ABOUT_ITSELF.has(kind);

function byDevice(channels: readonly ChannelState[]): [string, ChannelState[]][] {
  const devices = new Map<string, ChannelState[]>();
  for (const channel of channels) devices.set(channel.device, [...(devices.get(channel.device) ?? []), channel]);
  return [...devices.entries()]
    .map(([device, of]): [string, ChannelState[]] => [device, of.sort(compareChannels)])
    .sort(([a], [b]) => (a < b ? -1 : 1));
}
