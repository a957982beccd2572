/** Devices that speak and that nobody registered, each with a place to give it. */

import { useSignal } from "@preact/signals";

import { Problem } from "../../api/client";
import * as ask from "../../api/queries";
import type { Discovered } from "../../api/types";
import { words } from "../../i18n";
import { places, readRegister } from "../../live/register";
import { valueOf } from "../../live/store";
import { useLoaded } from "../../ui/loading";
import { notify, reasonOf } from "../../ui/notice";
import { Moment } from "../../ui/time";
import { kindText, Value } from "../../ui/value";

const EVERY_MS = 10_000;

export function DiscoveredDevices() {
  const say = words.value.system;
  const [loaded, again] = useLoaded(() => ask.discovered(), "discovered", EVERY_MS);
  const { data, problem } = loaded.value;
  return (
    <section>
      <p class="soft">{say.discoveredLead}</p>
      {problem && <p class="refusal">{reasonOf(problem)}</p>}
      {data && !data.items.length && <p>{say.discoveredNone}</p>}
      <ul class="discovered">
        {data?.items.map((device) => (
          <Device key={device.id} device={device} done={again} />
        ))}
      </ul>
    </section>
  );
}

function Device({ device, done }: { device: Discovered; done: () => void }) {
  const say = words.value.system;
  return (
    <li class="discovered-device" data-testid="discovered" data-device={device.id}>
      <div>
        <b>{device.id}</b>
        <small>
          {say.firstSeen} <Moment at={device.first_seen} /> · {say.lastSeen} <Moment at={device.last_seen} />
        </small>
        {Object.keys(device.attributes).length > 0 && (
          <small>
            {Object.entries(device.attributes)
              .map(([name, value]) => `${name}: ${String(value)}`)
              .join(" · ")}
          </small>
        )}
      </div>
      <ul class="discovered-channels">
        {device.channels.map((channel) => (
          <li key={channel.id}>
            <span class="soft">{kindText(channel.kind, channel.name)}</span>{" "}
            <span data-testid="live-value" data-channel={channel.id}>
              <Value value={valueOf(channel.id).value?.value ?? channel.value} kind={channel.kind} unit={channel.unit} />
            </span>
          </li>
        ))}
      </ul>
      <Adopt device={device.id} done={done} />
    </li>
  );
}

function Adopt({ device, done }: { device: string; done: () => void }) {
  const say = words.value.system;
  const workshop = useSignal("");
  const zone = useSignal("");
  const busy = useSignal(false);
  const where = places.value;
  const zones = [...where.zones.values()].filter((one) => one.workshop === workshop.value);
  const submit = async (event: Event) => {
    event.preventDefault();
    busy.value = true;
    try {
      await ask.adopt(device, workshop.value, zone.value || null);
      notify(say.adopted(device));
      done();
      await readRegister();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      notify(`${device}: ${reasonOf(error)}`, { bad: true });
    } finally {
      busy.value = false;
    }
  };
  return (
    <form class="adopt" onSubmit={(event) => void submit(event)}>
      <select
        data-testid="adopt-workshop"
        aria-label={say.workshop}
        required
        value={workshop.value}
        onChange={(event) => {
          workshop.value = event.currentTarget.value;
          zone.value = "";
        }}
      >
        <option value="">{say.chooseWorkshop}</option>
        {byArea().map(([path, workshops]) => (
          <optgroup key={path} label={path}>
            {workshops.map((one) => (
              <option key={one.id} value={one.id}>
                {one.name}
              </option>
            ))}
          </optgroup>
        ))}
      </select>
      <select
        data-testid="adopt-zone"
        aria-label={say.zone}
        disabled={!workshop.value}
        value={zone.value}
        onChange={(event) => (zone.value = event.currentTarget.value)}
      >
        <option value="">{say.noZone}</option>
        {zones.map((one) => (
          <option key={one.id} value={one.id}>
            {one.name}
          </option>
        ))}
      </select>
      <button data-testid="adopt" disabled={!workshop.value || busy.value}>
        {say.adopt}
      </button>
    </form>
  );
}

function byArea(): [string, { id: string; name: string }[]][] {
  const where = places.value;
  const groups = new Map<string, { id: string; name: string }[]>();
  for (const one of where.workshops.values()) {
    const path = where.path(one.area).join(" › ");
    groups.set(path, [...(groups.get(path) ?? []), one]);
  }
  return [...groups.entries()].sort(([a], [b]) => (a < b ? -1 : 1));
}
