"""The demo district is one consistent register, whatever its size and seed."""

from typing import Any

import pytest

from ember_sim.district import BURNING, plan
from ember_sim.scenario import load, shipped
from ember_wire.channels import channel_id
from ember_wire.topics import check_name

TABLES = ("areas", "stations", "workshops", "zones", "circuits", "devices", "channels", "contacts")


def ids(district: dict[str, Any], table: str) -> set[Any]:
    return {row["id"] for row in district[table]}


@pytest.mark.parametrize("devices", [0, 1, 10, 200, 2000])
@pytest.mark.parametrize("seed", [1, 7])
def test_every_reference_leads_somewhere(devices: int, seed: int) -> None:
    district = plan(seed, devices)
    assert (len(district["devices"]), len(district["workshops"])) == (devices, 60)
    for table in TABLES:
        assert len(ids(district, table)) == len(district[table]), f"an id stands twice in {table}"
    for table, column, target in (
        ("areas", "parent", "areas"),
        ("stations", "area", "areas"),
        ("workshops", "area", "areas"),
        ("zones", "workshop", "workshops"),
        ("circuits", "workshop", "workshops"),
        ("devices", "workshop", "workshops"),
        ("devices", "zone", "zones"),
        ("channels", "device", "devices"),
        ("channels", "circuit", "circuits"),
        ("contacts", "workshop", "workshops"),
    ):
        used = {row[column] for row in district[table]} - {None}
        assert used <= ids(district, target), f"{table}.{column}"


def test_ids_are_names_and_channels_are_hashes() -> None:
    district = plan(7)
    for table in TABLES:
        if table != "channels":
            assert all(check_name(row["id"]) for row in district[table])
    for channel in district["channels"]:
        assert channel["id"] == channel_id(channel["device"], channel["name"])


def test_a_device_stands_in_a_zone_of_its_own_workshop() -> None:
    district = plan(7, 2000)
    home = {zone["id"]: zone["workshop"] for zone in district["zones"]}
    assert all(device["workshop"] == home[device["zone"]] for device in district["devices"] if device["zone"])


def test_areas_go_from_district_over_townships_to_grids() -> None:
    areas = {area["id"]: area for area in plan(7)["areas"]}
    for workshop in plan(7)["workshops"]:
        grid = areas[workshop["area"]]
        township = areas[grid["parent"]]
        assert (grid["kind"], township["kind"]) == ("grid", "township")
        assert areas[township["parent"]]["kind"] == "district"


def test_every_workshop_has_an_owner_who_can_be_told_and_the_centre_has_a_duty_contact() -> None:
    contacts = plan(7, webhook_base="http://127.0.0.1:9/hook/")["contacts"]
    by_workshop = {contact["workshop"]: contact for contact in contacts}
    assert len(by_workshop) == len(contacts) == 61
    assert by_workshop[None]["role"] == "duty"
    assert by_workshop[BURNING]["mail"] == "owner-ws-07@demo.invalid"
    assert by_workshop[BURNING]["webhook"] == "http://127.0.0.1:9/hook/owner-ws-07"


def test_the_same_seed_makes_the_same_district_and_another_another() -> None:
    assert plan(7, 50) == plan(7, 50)
    assert plan(7, 50) != plan(8, 50)


@pytest.mark.parametrize("seed", [1, 7, 99])
@pytest.mark.parametrize("name", shipped())
def test_the_shipped_scenarios_find_their_devices_in_a_small_district_too(name: str, seed: int) -> None:
    scenario = load(name)
    district = plan(seed, 7)
    assert set(scenario.devices) <= ids(district, "devices")
    assert {truth.zone for truth in scenario.truth} - {None} <= ids(district, "zones")
    assert scenario.workshop == BURNING


def test_two_hundred_devices_reach_every_workshop() -> None:
    assert {device["workshop"] for device in plan(7)["devices"]} == ids(plan(7), "workshops")


@pytest.mark.parametrize(("devices", "workshops", "period"), [(-1, 60, 5.0), (1, 0, 5.0), (1, 1, 0.0)])
def test_impossible_numbers_are_refused(devices: int, workshops: int, period: float) -> None:
    with pytest.raises(ValueError, match="a district has"):
        plan(7, devices, workshops, period=period)
