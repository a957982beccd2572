"""Each wrong setting is refused by its name with what is expected, and no secret is ever shown."""

from pathlib import Path

import pytest

from ember_base.database import async_url
from ember_base.lock import only_one
from ember_base.settings import PREFIX, Settings, SettingsError, load, table

SECRET = "s3cr3t-Passw0rd"
WRONG = [
    ("DATABASE_URL", f"mysql://u:{SECRET}@h/db", "postgresql://host:port"),
    ("DATABASE_URL", f"postgresql:/u:{SECRET}@h/db", "postgresql://host:port"),
    ("DATABASE_URL", f"u:{SECRET}@h:5432/db", "postgresql://host:port"),
    ("DATABASE_URL", f"postgresql://u:{SECRET}@h:port/db", "port"),
    ("DATABASE_URL", f"postgresql://u:{SECRET}@h:99999/db", "65535"),
    ("DATABASE_URL", f"postgresql://u:{SECRET}@[::1/db", "postgresql://host:port"),
    ("DATABASE_URL", f"postgresql://u:{SECRET}@h℀x/db", "postgresql://host:port"),
    ("DATABASE_URL", f"postgresql://u:{SECRET}@h/db?foo=1", "sslmode"),
    ("DATABASE_URL", f"postgresql://u:{SECRET}@h/db?sslmode=maybe", "verify-full"),
    ("MQTT_URL", f"http://u:{SECRET}@h", "mqtt://host:port"),
    ("MQTT_URL", "mqtt://", "mqtt://host:port"),
    ("MQTT_URL", f"mqtt://u:{SECRET}@h:0", "port"),
    ("MQTT_URL", "127.0.0.1:1883", "mqtt://host:port"),
    ("MQTT_VERSION", "4", "'3.1.1'"),
    ("HTTP_PORT", "http", "integer"),
    ("HTTP_PORT", "0", "greater than or equal to 1"),
    ("HTTP_PORT", "65536", "65535"),
    ("GATEWAY_METRICS_PORT", "-1", "greater"),
    ("EVALUATOR_METRICS_PORT", "1.5", "integer"),
    ("GATEWAY_NAME", "gw/1", "'/'"),
    ("GATEWAY_NAME", "g" * 129, "128"),
    ("SPOOL_LIMIT_MB", "0", "greater"),
    ("SPOOL_LIMIT_MB", "lots", "integer"),
    ("SECRET_KEY", SECRET[:5], "16"),
    ("ADMIN_PASSWORD", SECRET[:5], "8"),
    ("WEBHOOK_SECRET", SECRET[:5], "8"),
    ("SMTP_URL", f"imap://u:{SECRET}@h", "smtp://host:port"),
    ("MAIL_FROM", "nobody", "@"),
    ("PUBLIC_URL", "ftp://h", "http://host:port"),
    ("LOG_LEVEL", "loud", "'warning'"),
]


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _, _ in table():
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(("name", "value", "expected"), WRONG)
def test_a_wrong_setting_is_refused_by_name(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, expected: str
) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    with pytest.raises(SettingsError) as caught:
        load()
    (line,) = str(caught.value).splitlines()
    assert line.startswith(f"{PREFIX}{name}: ")
    assert expected in line
    assert SECRET[:5] not in line
    assert caught.value.__cause__ is None  # pydantic's own text, with the value, does not follow
    assert caught.value.__suppress_context__


def test_every_wrong_setting_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBERWATCH_HTTP_PORT", "x")
    monkeypatch.setenv("EMBERWATCH_MQTT_VERSION", "x")
    with pytest.raises(SettingsError, match=r"(?s)EMBERWATCH_MQTT_VERSION.*EMBERWATCH_HTTP_PORT"):
        load()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "postgres://u:p%40ss@h/db"),
        ("DATABASE_URL", "postgresql:///db?host=/var/run/postgresql"),
        ("DATABASE_URL", "postgresql://h/db?sslmode=require"),
        ("MQTT_URL", "mqtts://u:p@[::1]:8883"),
        ("GATEWAY_NAME", "网关-北"),
    ],
)
def test_right_settings_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(PREFIX + name, value)
    assert getattr(load(), name.lower()) == value


def test_an_empty_variable_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("EMBERWATCH_HTTP_PORT", "")
    assert load().http_port == 8080


def test_settings_do_not_show_their_secrets() -> None:
    shown = repr(load(secret_key=SECRET + "-long-enough", admin_password=SECRET, webhook_secret=SECRET))
    assert SECRET not in shown


def test_the_table_has_every_setting_with_a_description() -> None:
    rows = table()
    assert {name for name, _, _ in rows} == {PREFIX + name.upper() for name in Settings.model_fields}
    assert all(what for _, _, what in rows)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://u:p%40s@h:1/db", "postgresql+asyncpg://u:p%40s@h:1/db"),
        ("postgres://h/db?sslmode=require", "postgresql+asyncpg://h/db?ssl=require"),
        ("postgresql:///db?host=/run/pg", "postgresql+asyncpg:///db?host=%2Frun%2Fpg"),
    ],
)
def test_database_urls_as_sqlalchemy_takes_them(url: str, expected: str) -> None:
    assert async_url(url) == expected


def test_a_data_folder_is_for_one_process(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("data") / "gateway"
    with only_one(folder, "gateway"):
        assert refusal(folder).startswith("EMBERWATCH_DATA_DIR: another gateway runs on")
    with only_one(folder, "gateway"):
        pass
    (folder / "file").touch()
    assert "cannot be written" in refusal(folder / "file" / "x")


def refusal(folder: Path) -> str:
    with pytest.raises(SettingsError) as caught, only_one(folder, "gateway"):
        pass
    return str(caught.value)
