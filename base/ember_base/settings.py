"""Every setting of every process: environment variables `EMBERWATCH_…`, read once, where a process is wired."""

from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qsl, urlsplit

from pydantic import AfterValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from ember_wire.topics import check_name

PREFIX = "EMBERWATCH_"


class SettingsError(ValueError):
    """One or more settings that cannot be used; the text names each and what is expected."""


DATABASE_OPTIONS = ("host", "port", "ssl", "sslmode")
"""What may stand behind the `?` of a database's URL."""
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")


def _url(*schemes: str) -> Any:
    def check(value: str) -> str:
        expected = f"expected a URL such as {schemes[0]}://host:port"
        try:
            parts = urlsplit(value)
            host = parts.hostname
        except ValueError:
            raise ValueError(expected) from None
        try:
            port = parts.port
        except ValueError:
            raise ValueError(f"{expected}; the port must be a number up to 65535") from None
        if parts.scheme not in schemes or not (host or "host=" in parts.query):
            raise ValueError(expected)
        if port == 0:
            raise ValueError(f"{expected}; port 0 is none")
        return value

    return AfterValidator(check)


Port = Annotated[int, Field(ge=1, le=65535)]


def _database_options(url: str) -> str:
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if name not in DATABASE_OPTIONS:
            raise ValueError(f"expected no option behind the ? but {', '.join(DATABASE_OPTIONS)}, not {name!r}")
        if name in ("ssl", "sslmode") and value not in SSL_MODES:
            raise ValueError(f"expected {name} to be one of {', '.join(SSL_MODES)}")
    return url


DatabaseUrl = Annotated[str, _url("postgresql", "postgres"), AfterValidator(_database_options)]
MqttUrl = Annotated[str, _url("mqtt", "mqtts")]
SmtpUrl = Annotated[str, _url("smtp", "smtps")]
HttpUrl = Annotated[str, _url("http", "https")]
Name = Annotated[str, AfterValidator(check_name)]


class Settings(BaseSettings):
    """What can be set, with its default. `emberwatch settings` prints this table."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="ignore", env_ignore_empty=True)

    database_url: DatabaseUrl = Field(
        "postgresql://emberwatch@127.0.0.1:5432/emberwatch",
        description="PostgreSQL ≥ 15, with TimescaleDB for real sites",
    )
    mqtt_url: MqttUrl = Field(
        "mqtt://127.0.0.1:1883", description="the broker; mqtts:// for TLS; user:password@ before the host"
    )
    mqtt_version: Literal["5", "3.1.1"] = Field("5", description="MQTT version spoken to the broker: 5 or 3.1.1")
    data_dir: Path = Field(
        Path("data"), description="journal, spool and snapshots; a folder of its own for each process"
    )
    http_host: str = Field("127.0.0.1", description="address that the service listens on")
    http_port: Port = Field(8080, description="port that the service listens on")
    public_url: HttpUrl = Field(
        "http://127.0.0.1:8080", description="where people reach the console; stands in messages"
    )
    secret_key: SecretStr | None = Field(
        None, min_length=16, description="signs sessions; made and kept in the data folder if not set"
    )
    admin_password: SecretStr | None = Field(
        None, min_length=8, description="password of admin at the first start; else made, shown once"
    )
    gateway_name: Name = Field("gw-1", description="name of this gateway in topics and metrics")
    gateway_metrics_port: Port = Field(9101, description="Prometheus port of the gateway")
    evaluator_metrics_port: Port = Field(9102, description="Prometheus port of the evaluator")
    metrics_host: str = Field("127.0.0.1", description="address of both metrics ports")
    spool_limit_mb: int = Field(512, ge=1, description="largest size of the gateway's spool, MiB")
    smtp_url: SmtpUrl | None = Field(
        None, description="mail server for alarms; without it no mail goes out, and that is a fault"
    )
    mail_from: str = Field("emberwatch@localhost", pattern=r".+@.+", description="sender of alarm mails")
    webhook_secret: SecretStr | None = Field(None, min_length=8, description="signs webhooks (HMAC-SHA256)")
    rules_dir: Path | None = Field(
        None, description="folder of YAML rules beside the default pack; one with the same id replaces it"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="least level that is logged")


def load(**given: Any) -> Settings:
    """Read the environment; `given` wins over it. Raises SettingsError with every wrong setting by its name."""
    try:
        return Settings(**given)
    except ValidationError as error:
        lines = [f"{PREFIX}{str(fault['loc'][0]).upper()}: {_plain(fault)}" for fault in error.errors()]
        raise SettingsError("\n".join(lines)) from None


def _plain(fault: Any) -> str:
    """What is wrong and what is expected, without the value of a secret: URLs may hold a password as well."""
    expected = str(fault["msg"]).removeprefix("Value error, ")
    name = str(fault["loc"][0])
    secret = "Secret" in str(Settings.model_fields[name].annotation) or name.endswith("_url")
    return expected if secret else f"{expected} (got {fault['input']!r})"


def table() -> list[tuple[str, str, str]]:
    """(variable, default, what it is) of every setting."""
    rows = []
    for name, field in Settings.model_fields.items():
        default = "" if field.default is None else str(field.default)
        rows.append((PREFIX + name.upper(), default, field.description or ""))
    return rows
