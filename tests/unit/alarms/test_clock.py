"""The evaluator's clock, with the machine's in the test's hand."""

from ember_service.alarms.clock import Clock

S = 1_000_000_000


class Machine:
    wall = 1_000 * S
    steady = 5 * S

    def run(self, seconds: float, *, wall: float | None = None) -> None:
        self.steady += round(seconds * S)
        self.wall += round((seconds if wall is None else wall) * S)

    def clock(self, start: int = 0) -> Clock:
        return Clock(start, lambda: self.wall, lambda: self.steady)


def test_it_follows_the_machine() -> None:
    machine = Machine()
    clock = machine.clock()
    assert clock() == 1_000_000
    machine.run(2)
    assert clock() == 1_002_000
    machine.run(1, wall=100)
    assert clock() == 1_102_000
    assert clock.ahead() == 0


def test_set_back_it_runs_on_until_the_machine_has_caught_up() -> None:
    machine = Machine()
    clock = machine.clock()
    clock()
    machine.run(1, wall=-60)
    assert clock() == 1_001_000
    machine.run(10)
    assert clock() == 1_011_000
    assert clock.ahead() == 61
    machine.run(1, wall=100)
    assert clock() == 1_050_000
    assert clock.ahead() == 0


def test_after_a_restart_it_is_never_before_what_was() -> None:
    machine = Machine()
    clock = machine.clock(start=1_005_000)
    assert clock() == 1_005_000
    machine.run(2)
    assert clock() == 1_007_000
