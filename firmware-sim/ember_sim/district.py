"""The demo district as a register, areas down to channels and contacts. Pure, made from a seed."""

from collections import Counter
from collections.abc import Iterator
from random import Random
from typing import Any, Final, NamedTuple

from ember_sim import names
from ember_wire.channels import channel_id

BURNING: Final = "ws-07"
"""Where the shipped scenarios play. It has every kind of zone and is the first to get devices."""

_FIRST_SHARE: Final = 7
_CENTRE: Final = (25.2, 118.4)  # degrees; the coast that the trade lives on, not a real district


class Model(NamedTuple):
    """A make of device. `channels` it measures or judges; `pace` multiplies the district's period."""

    name: str
    supervision: str
    channels: tuple[str, ...]
    pace: int = 1

    @property
    def has_battery(self) -> bool:
        return self.supervision != "mains"


MODELS: Final = {
    model.name: model
    for model in (
        Model("EW-SD2 smoke and heat detector", "radio", ("temperature", "smoke", "smoke_alarm")),
        Model("EW-TH1 store climate", "radio", ("temperature", "humidity")),
        Model("EW-TP1 cable probe", "mains", ("cable_temperature",)),
        Model(
            "EW-EM3 electrical meter",
            "mains",
            ("current.l1", "current.l2", "current.l3", "voltage", "power", "residual_current"),
        ),
        Model("EW-MC1 manual call point", "radio", ("manual_call", "tamper")),
        Model("EW-LA1 living-room smoke alarm", "battery", ("smoke_alarm", "tamper"), pace=12),
    )
}
_SMOKE, _STORE, _PROBE, _METER, _CALL, _LIVING = MODELS
_SHORT: Final = {_SMOKE: "smoke", _STORE: "climate", _PROBE: "probe", _METER: "meter", _CALL: "call", _LIVING: "alarm"}

# The burning workshop's first devices, in this order: a district of one device still sees the fire.
_BURNING_KIT: Final = (
    ("waste", _SMOKE),
    ("mains", _METER),
    ("casting", _SMOKE),
    ("casting", _CALL),
    ("resin_store", _STORE),
    ("oven", _PROBE),
    ("living", _LIVING),
)
_KIT: Final = (
    ("casting", _SMOKE),
    ("mains", _METER),
    ("resin_store", _STORE),
    ("oven", _PROBE),
    ("living", _LIVING),
    ("curing", _SMOKE),
    ("casting", _CALL),
    ("grinding", _SMOKE),
    ("peroxide_store", _STORE),
    ("waste", _SMOKE),
)


def plan(
    seed: int, devices: int = 200, workshops: int = 60, *, webhook_base: str | None = None, period: float = 5.0
) -> dict[str, Any]:
    """The whole register as plain dicts: areas, stations, workshops, zones, circuits, devices, channels, contacts.

    Keys are those of the register's tables; a channel's id is the 64-bit number. The same arguments give the same
    district. `devices` may be 0. `webhook_base`: contacts get `{webhook_base}/{contact id}`. `period`: s between a
    device's messages (twelve times that for living-room alarms). Raises ValueError for numbers that cannot be.
    """
    if devices < 0 or workshops < 1 or period <= 0:
        raise ValueError("a district has 0 devices or more, 1 workshop or more, and a period above 0 s")
    random = Random(seed)
    areas, grids = _areas()
    out: dict[str, Any] = {
        "areas": areas,
        "stations": [
            {"id": f"st-{number}", "name": f"{name.split()[0]}微型消防站", "area": f"town-{number}"}
            for number, name in enumerate(names.TOWNSHIPS, 1)
        ],
        "workshops": [],
        "zones": [],
        "circuits": [],
        "devices": [],
        "channels": [],
        "contacts": [_contact("duty", "监控中心值班员", None, "duty", "zh", webhook_base)],
    }
    for index, count in enumerate(_shares(devices, workshops)):
        workshop = f"ws-{index + 1:02d}"
        _add_workshop(out, workshop, index, grids[index % len(grids)], random)
        owner = random.choice(names.FAMILY_NAMES) + random.choice(names.GIVEN_NAMES)
        language = "en" if index % 10 == 9 else "zh"
        out["contacts"].append(_contact(f"owner-{workshop}", owner, workshop, "owner", language, webhook_base))
        _add_devices(out, workshop, count, period, index)
    return out


def _areas() -> tuple[list[dict[str, Any]], list[str]]:
    areas: list[dict[str, Any]] = [{"id": "district", "name": names.DISTRICT, "kind": "district", "parent": None}]
    grids = []
    for town, name in enumerate(names.TOWNSHIPS, 1):
        areas.append({"id": f"town-{town}", "name": name, "kind": "township", "parent": "district"})
        for grid, grid_name in enumerate(names.GRIDS, 1):
            areas.append({"id": f"grid-{town}{grid}", "name": grid_name, "kind": "grid", "parent": f"town-{town}"})
            grids.append(f"grid-{town}{grid}")
    return areas, grids


def _shares(devices: int, workshops: int) -> list[int]:
    """How many devices each workshop gets: the burning one its kit first, then one each in turn."""
    shares = [0] * workshops
    burning = int(BURNING[3:]) - 1
    if burning < workshops:
        shares[burning] = min(devices, _FIRST_SHARE)
    left, level = devices - sum(shares), 0
    while left:
        for index in range(workshops):
            if left and shares[index] <= level:
                shares[index] += 1
                left -= 1
        level += 1
    return shares


def _add_workshop(out: dict[str, Any], workshop: str, index: int, grid: str, random: Random) -> None:
    firm, firm_en = names.FIRMS[index % len(names.FIRMS)]
    trade, trade_en, word = names.TRADES[(index + index // len(names.FIRMS)) % len(names.TRADES)]
    out["workshops"].append(
        {
            "id": workshop,
            "name": f"{firm}{trade} {firm_en} {trade_en}",
            "area": grid,
            "address": f"{random.choice(names.STREETS)}{random.randint(1, 180)}号",
            "trade": word,
            "latitude": round(_CENTRE[0] + random.uniform(-0.08, 0.08), 5),
            "longitude": round(_CENTRE[1] + random.uniform(-0.08, 0.08), 5),
        }
    )
    for kind, name in names.ZONES.items():
        if workshop == BURNING or kind in ("casting", "curing", "resin_store", "waste") or random.random() < 0.7:
            out["zones"].append({"id": f"{workshop}-{kind}", "workshop": workshop, "name": name, "kind": kind})
    out["circuits"] += [
        _circuit(workshop, "mains", "总开关 Mains", random.choice((63.0, 80.0, 100.0))),
        _circuit(workshop, "oven", "固化炉 Curing oven", random.choice((25.0, 32.0))),
    ]


def _circuit(workshop: str, word: str, name: str, rated: float) -> dict[str, Any]:
    return {"id": f"{workshop}-{word}", "workshop": workshop, "name": name, "rated_current": rated}


def _add_devices(out: dict[str, Any], workshop: str, count: int, period: float, turn: int) -> None:
    zones = {zone["kind"] for zone in out["zones"] if zone["workshop"] == workshop}
    numbers: Counter[str] = Counter()
    kit = _kit(workshop, zones, turn)
    for _ in range(count):
        place, model_name = next(kit)
        model = MODELS[model_name]
        word = _SHORT[model_name] if place == "mains" else f"{place}-{_SHORT[model_name]}"
        numbers[word] += 1
        device = f"{workshop}-{word}" + (f"-{numbers[word]}" if numbers[word] > 1 else "")
        on_circuit = place in ("mains", "oven")
        zone = "curing" if place == "oven" else place
        out["devices"].append(
            {
                "id": device,
                "workshop": workshop,
                "zone": None if place == "mains" else f"{workshop}-{zone}",
                "model": model_name,
                "supervision": model.supervision,
                "period": period * model.pace,
            }
        )
        loads = tuple("load" + name.removeprefix("current") for name in model.channels if name.startswith("current"))
        for name in (*model.channels, *loads, "online", *(("battery",) if model.has_battery else ())):
            measures_circuit = on_circuit and name not in ("online", "battery")
            out["channels"].append(
                {
                    "id": channel_id(device, name),
                    "device": device,
                    "name": name,
                    "circuit": f"{workshop}-{place}" if measures_circuit else None,
                    "scale": 1.0,
                    "offset": 0.0,
                }
            )


def _kit(workshop: str, zones: set[str], turn: int) -> Iterator[tuple[str, str]]:
    """What goes where, without end; each workshop starts at another point, so that few devices still differ."""
    if workshop == BURNING:
        yield from _BURNING_KIT
    while True:
        for step in range(len(_KIT)):
            place, model = _KIT[(turn + step) % len(_KIT)]
            if place in zones or place in ("mains", "oven"):
                yield place, model


def _contact(
    contact: str, name: str, workshop: str | None, role: str, language: str, webhook_base: str | None
) -> dict[str, Any]:
    return {
        "id": contact,
        "name": name,
        "workshop": workshop,
        "role": role,
        "language": language,
        "mail": f"{contact}@demo.invalid",
        "webhook": f"{webhook_base.rstrip('/')}/{contact}" if webhook_base else None,
    }
