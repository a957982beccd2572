"""The end: SIGTERM ends every process within 10 s, and started again the demo goes on with its data."""

from tests.acceptance.outside import Demo, start_demo, stop_demo


def test_sigterm_ends_all_and_data_stays(demo: Demo) -> None:
    before = demo.query("SELECT count(*) AS n FROM reading")[0]["n"]
    assert before > 0
    stop_demo(demo)
    assert not list((demo.folder / "run").glob("*.pid"))
    again = start_demo(demo.folder, "embedded", SENSORS="0")
    try:
        assert again.passwords == demo.passwords
        assert again.query("SELECT count(*) AS n FROM reading")[0]["n"] >= before
        assert "sim.pid" not in [p.name for p in (again.folder / "run").iterdir()]
    finally:
        stop_demo(again)
