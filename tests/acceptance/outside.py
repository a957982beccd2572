"""The product from outside: `make demo` as a process, its API, its database, its page in Chromium."""

import asyncio
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import asyncpg
import httpx2
import psutil
import pytest
from playwright.sync_api import Page, sync_playwright

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
START_S = 90.0


@dataclass
class Demo:
    """A running demo, seen from outside."""

    process: subprocess.Popen[str]
    folder: Path
    port: int
    mqtt_port: int
    passwords: dict[str, str]
    workshop: str
    printed: str

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        lines = (self.folder / "run" / "environment").read_text().splitlines()
        pairs = (shlex.split(line.removeprefix("export "))[0].partition("=") for line in lines)
        return {name: value for name, _, value in pairs}

    def pid(self, part: str) -> int:
        return int((self.folder / "run" / f"{part}.pid").read_text())

    def client(self, name: str = "operator") -> httpx2.Client:
        """An HTTP client that is signed in by bearer token."""
        form = {"username": name, "password": self.passwords[name]}
        answer = httpx2.post(f"{self.url}/api/v1/auth/token", data=form, timeout=20)
        answer.raise_for_status()
        headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}
        return httpx2.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=20)

    def query(self, sql: str, *arguments: Any) -> list[Any]:
        """Rows of the demo's database."""

        async def ask() -> list[Any]:
            connection = await asyncpg.connect(self.environment["EMBERWATCH_DATABASE_URL"], timeout=10)
            try:
                return list(await connection.fetch(sql, *arguments))
            finally:
                await connection.close()

        with ThreadPoolExecutor(1) as pool:  # Playwright keeps an event loop in this thread
            return pool.submit(asyncio.run, ask()).result()


def free_ports() -> int:
    """A port that is free, and the one after it too."""
    while True:
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port


def until(what: str, ask: Callable[[], T], within: float = 30.0) -> T:
    """Ask until the answer is true; fail with `what` after `within` seconds. A database on its way up may refuse."""
    deadline = time.monotonic() + within
    last: object = None
    while time.monotonic() < deadline:
        try:
            if answer := ask():
                return answer
        except (OSError, httpx2.HTTPError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            last = error
        time.sleep(0.1)
    pytest.fail(f"not within {within:.0f} s: {what} ({last!r})")


def start_demo(folder: Path, broker: str, **more: str) -> Demo:
    port, mqtt_port = free_ports(), free_ports()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("EMBERWATCH_")},
        "PORT": str(port),
        "MQTT_PORT": str(mqtt_port),
        "DATA_DIR": str(folder),
        "EMBERWATCH_DEMO_BROKER": broker,
        **more,
    }
    process = subprocess.Popen(
        ["make", "-s", "demo"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    printed = _read_until(process, "Ctrl-C ends everything")
    passwords = dict(re.findall(r"^    (admin|operator|owner) +(\S+)", printed, re.MULTILINE))
    workshop = re.search(r"owner of (\S+)", printed)
    assert workshop, printed
    return Demo(process, folder, port, mqtt_port, passwords, workshop[1], printed)


def _read_until(process: subprocess.Popen[str], words: str) -> str:
    assert process.stdout
    printed = ""
    deadline = time.monotonic() + START_S
    for line in process.stdout:
        printed += line
        if words in line:
            return printed
        if time.monotonic() > deadline:
            break
    pytest.fail(f"the demo did not come up:\n{printed}")


def stop_demo(demo: Demo, signal_number: int = signal.SIGTERM) -> None:
    """Ask it to end, and see that every process of it is gone within 10 s."""
    family = [psutil.Process(demo.process.pid), *psutil.Process(demo.process.pid).children(recursive=True)]
    os.kill(demo.process.pid, signal_number)
    _, alive = psutil.wait_procs(family, timeout=10)
    names = [" ".join(p.cmdline()) for p in alive if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]
    for process in alive:
        process.kill()
    demo.process.wait(5)
    if demo.process.stdout:
        demo.process.stdout.close()
    assert not names, f"still there 10 s after the signal: {names}"


CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def chromium() -> str:
    """Chromium's path; a machine without one says so, and in CI that is a failure."""
    path = next(filter(None, (shutil.which(n) for n in ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        text = "no chromium: apt-get install chromium"
        pytest.fail(text) if os.environ.get("CI") else pytest.skip(text)
    return path


@contextmanager
def browser_page(demo: Demo, locale: str = "en-GB", width: int = 1440, height: int = 900) -> Iterator[Page]:
    """A page in headless Chromium; fails at its end where the page asked another host, or raised an error."""
    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path=chromium(), args=CHROMIUM_FLAGS)
        page = browser.new_page(locale=locale, viewport={"width": width, "height": height})
        foreign: list[str] = []
        page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((demo.url, "data:")) else None)
        complaints: list[str] = []
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        browser.close()
    assert not foreign, f"the page asked other hosts: {foreign}"
    assert not complaints, complaints


def sign_in(page: Page, demo: Demo, name: str = "operator") -> None:
    page.goto(demo.url)
    page.get_by_test_id("signin-name").fill(name)
    page.get_by_test_id("signin-password").fill(demo.passwords[name])
    page.get_by_test_id("signin-submit").click()
