"""A plan of a whole register: what is wrong in it is named row by row, and what is right comes in an order to write."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ember_service.register.plan import PlanError, check
from ember_sim.district import plan as district
from ember_wire.channels import channel_id


def plan(**changed: Any) -> dict[str, Any]:
    return {
        "areas": [{"id": "a1", "name": "North", "kind": "town"}],
        "workshops": [{"id": "w1", "name": "One", "area": "a1"}, {"id": "w2", "name": "Two", "area": "a1"}],
        "zones": [{"id": "z1", "workshop": "w1", "name": "Casting", "kind": "casting"}],
        "circuits": [{"id": "c1", "workshop": "w1", "name": "Mains", "rated_current": 63}],
        "devices": [{"id": "d1", "workshop": "w1", "zone": "z1"}],
        "channels": [{"device": "d1", "name": "current.l1", "circuit": "c1"}],
        **changed,
    }


def wrong(**changed: Any) -> list[str]:
    with pytest.raises(PlanError) as caught:
        check(plan(**changed), {})
    return str(caught.value).split("\n")


def test_a_plan_comes_out_as_rows_with_what_was_left_out() -> None:
    rows = check(plan(), {})
    assert rows["channels"] == [
        {
            "id": channel_id("d1", "current.l1"),
            "device": "d1",
            "name": "current.l1",
            "circuit": "c1",
            "scale": 1.0,
            "offset": 0.0,
            "kind": "current",
            "unit": "A",
        }
    ]
    assert rows["devices"][0]["supervision"] == "mains"
    assert rows["contacts"] == []


def test_the_demo_district_is_a_plan() -> None:
    rows = check(district(7), {})
    assert len(rows["workshops"]) == 60
    assert rows["workshops"][0]["latitude"] is not None


def test_areas_come_parents_first_however_they_were_written() -> None:
    areas = [{"id": name, "name": name, "kind": "x", "parent": parent} for name, parent in
             (("grid", "town"), ("town", "district"), ("district", None))]  # fmt: skip
    assert [row["id"] for row in check({"areas": areas}, {})["areas"]] == ["district", "town", "grid"]
    areas[2]["parent"] = "grid"
    with pytest.raises(PlanError, match="each lies within the other"):
        check({"areas": areas}, {})


def test_parents_may_be_there_already() -> None:
    known = {"workshops": {"w9": "w9"}, "zones": {"z9": "w9", "z8": "w8"}}
    check({"devices": [{"id": "d", "workshop": "w9", "zone": "z9"}]}, known)
    with pytest.raises(PlanError, match="'z8' belongs to workshop 'w8'"):
        check({"devices": [{"id": "d", "workshop": "w9", "zone": "z8"}]}, known)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"zone": []}, "zone: unknown"),
        ({"zones": {"id": "z1"}}, "zones: expected a list"),
        ({"zones": ["z1"]}, "zones row 1: "),
        ({"zones": [{"id": "z1", "workshop": "w1", "name": "x", "kind": "attic"}]}, "zones row 1: kind: "),
        ({"zones": [{"workshop": "w1", "name": "x"}]}, "zones row 1: id: it is missing"),
        ({"devices": [{"id": "a/b", "workshop": "w1"}]}, "devices row 1: '/' must not stand in a name"),
        ({"devices": [{"id": "d1", "workshop": "w1", "zonne": "z1"}]}, "devices row 1: zonne: "),
        ({"devices": [{"id": "d1", "workshop": "w3"}]}, "devices row 1: workshop: there is no workshop 'w3'"),
        ({"devices": [{"id": "d1", "workshop": "w2", "zone": "z1"}]}, "'z1' belongs to workshop 'w1'"),
        ({"devices": [{"id": "d1", "workshop": "w2"}]}, "channels row 1: circuit: 'c1' belongs to workshop 'w1'"),
        ({"devices": [{"id": "d1", "workshop": "w1"}] * 2}, "devices row 2: 'd1' is row 1 already"),
        ({"channels": [{"device": "d1", "name": "x", "scale": float("inf")}]}, "channels row 1: scale: "),
        ({"channels": [{"device": "d1", "name": "#"}]}, "channels row 1: '#' must not stand in a name"),
        ({"workshops": [{"id": "health", "name": "x", "area": "a1"}]}, "workshops row 1: 'health' has a meaning"),
    ],
)
def test_what_is_wrong_is_named_with_its_row(changed: dict[str, Any], says: str) -> None:
    assert any(says in line for line in wrong(**changed)), wrong(**changed)


def test_everything_that_is_wrong_is_told_at_once_and_not_without_end() -> None:
    lines = wrong(zones=[{"name": "x"}] * 500)
    assert len(lines) == 101
    assert lines[-1].startswith("… and ")


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=8) | st.integers(),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["areas", "devices", "channels", "id", "name", "workshop"]), inner, max_size=4
        )
    ),
    max_leaves=12,
)


@given(_JSON)
def test_whatever_it_is_it_is_rows_or_an_error(anything: Any) -> None:
    with contextlib.suppress(PlanError):
        assert set(check(anything, {})) >= {"areas", "devices"}
