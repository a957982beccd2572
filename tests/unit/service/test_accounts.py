"""Signing in: tries at once, tokens of other passwords, files that nobody else reads."""

import asyncio
import stat
from pathlib import Path

import msgspec
import pytest
from pydantic import SecretStr

from ember_base.settings import Settings, load
from ember_service.auth.accounts import Accounts, ThrottledError
from ember_service.auth.model import Account, Role
from ember_service.auth.repository import HASHER

PASSWORD = "correct horse battery"
KEY = SecretStr("0123456789abcdef" * 2)


@pytest.fixture(scope="module")
def hashed() -> str:
    return HASHER.hash(PASSWORD)


def settings(folder: Path, key: SecretStr | None = KEY) -> Settings:
    return load(data_dir=folder, secret_key=key)


@pytest.fixture
def accounts(tmp_path: Path, hashed: str) -> Accounts:
    """As a former process left them on disk."""
    kept = {"op": Account(name="op", role=Role.OPERATOR, password_hash=hashed)}
    (tmp_path / "accounts.msgpack").write_bytes(msgspec.msgpack.encode(kept))
    return Accounts(tmp_path, settings(tmp_path))


def kept(accounts: Accounts, name: str = "op") -> Account:
    return accounts._accounts[name]


async def test_a_hundred_wrong_tries_at_once_are_not_a_hundred_guesses(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    guesses = 0

    def verify(password: str, hash_: str) -> bool:
        nonlocal guesses
        guesses += 1
        return False

    monkeypatch.setattr(HASHER, "verify", verify)
    tries = (accounts.sign_in("op", f"guess {n}", "192.0.2.1") for n in range(100))
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, ThrottledError) for answer in answers) == 100 - guesses
    assert guesses <= 11


async def test_one_address_cannot_try_many_names_without_end(
    accounts: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HASHER, "verify", lambda password, hash_: False)
    tries = [accounts.sign_in(f"name-{n}", "x", "192.0.2.1") for n in range(100)]
    answers = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(answer, ThrottledError) for answer in answers) >= 35
    assert await accounts.sign_in("op", "x", "192.0.2.2") is None, "others may"


async def test_an_unknown_name_costs_a_hash_as_well(accounts: Accounts, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def verify(password: str, hash_: str) -> bool:
        asked.append(hash_)
        return False

    monkeypatch.setattr(HASHER, "verify", verify)
    await accounts.sign_in("op", "x", "here")
    await accounts.sign_in("nobody", "x", "here")
    assert [hash_.split("$")[1:4] for hash_ in asked] == [kept(accounts).password_hash.split("$")[1:4]] * 2


def test_a_token_ends_with_the_password_it_was_given_for(accounts: Accounts, tmp_path: Path) -> None:
    token = accounts.token(kept(accounts))
    principal = accounts.principal(token, cookie=True)
    assert principal is not None
    assert principal.cookie
    assert accounts.current(principal) == principal
    accounts._accounts["op"] = msgspec.structs.replace(kept(accounts), role=Role.VIEWER, area="a1")
    now = accounts.current(principal)
    assert now is not None
    assert now.role is Role.VIEWER, "rights are those of now"
    accounts._accounts["op"] = msgspec.structs.replace(kept(accounts), password_hash=HASHER.hash("another"))
    assert accounts.principal(token, cookie=True) is None
    assert accounts.current(principal) is None


def test_a_token_of_another_key_or_of_nobody_is_none(accounts: Accounts, tmp_path: Path) -> None:
    other = Accounts(tmp_path, settings(tmp_path, SecretStr("another key of more than 32 bytes")))
    assert accounts.principal(other.token(kept(other)), cookie=False) is None
    gone = Account(name="gone", role=Role.ADMIN, password_hash="x")
    assert accounts.principal(accounts.token(gone), cookie=False) is None
    for text in ("", "a.b.c", "é", "." * 1000):
        assert accounts.principal(text, cookie=False) is None


def test_the_key_is_made_once_and_nobody_else_reads_it(tmp_path: Path) -> None:
    first = Accounts(tmp_path, settings(tmp_path, None))
    second = Accounts(tmp_path, settings(tmp_path, None))
    assert first._key == second._key
    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600
    (tmp_path / "secret").write_bytes(b"")
    assert len(Accounts(tmp_path, settings(tmp_path, None))._key) >= 32, "an empty key would sign for everyone"


def test_a_copy_that_is_torn_keeps_nobody_from_starting(tmp_path: Path) -> None:
    for torn in (b"\xff\x00", b"\x81\xa1\xff\x80", b""):
        (tmp_path / "accounts.msgpack").write_bytes(torn)
        assert Accounts(tmp_path, settings(tmp_path))._accounts == {}
