"""The index of channel ids finds what a dict finds, through growth, removal and collisions."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ember_service.alarms.engine.index import SlotIndex

NEAR = st.integers(-3, 3).map(lambda i: i * 1_024) | st.integers(-5, 5) | st.integers(-(2**63), 2**63 - 1)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.booleans(), NEAR), max_size=60))
def test_it_finds_what_a_dict_finds(steps: list[tuple[bool, int]]) -> None:
    index = SlotIndex()
    known: dict[int, int] = {}
    for slot, (adds, number) in enumerate(steps):
        if not adds:
            index.remove(number)
            known.pop(number, None)
        elif number not in known:
            index.add(number, slot)
            known[number] = slot
    asked = [number for _, number in steps] + [77, -77]
    assert index.find(np.array(asked, np.int64)).tolist() == [known.get(number, -1) for number in asked]
    assert [index.get(number) for number in asked] == [known.get(number, -1) for number in asked]


def test_it_grows() -> None:
    index = SlotIndex()
    ids = np.random.default_rng(3).integers(-(2**63), 2**63 - 1, 20_000)
    for slot, number in enumerate(ids.tolist()):
        index.add(number, slot)
    assert index.find(ids).tolist() == list(range(20_000))


def test_places_of_those_gone_are_swept() -> None:
    index = SlotIndex()
    for number in range(100_000):
        index.add(number * 7_919, 1)
        index.remove(number * 7_919)
    assert len(index._ids) == 1_024
