"""Every setting: its name with its unit, its default, its check. Read from the environment and `.env`."""

import grp
import os
import secrets
from pathlib import Path
from typing import Annotated, Any, Literal

from dotenv import dotenv_values
from flask import Flask
from pydantic import Field, ValidationError, ValidationInfo, field_validator
from pydantic_settings import NoDecode, SettingsConfigDict

from downloads_app import database_urls, locations
from downloads_app.origins import check_origins
from downloads_app.per_app import PerApp
from downloads_app.setting_faults import describe_fault
from downloads_app.sign_on_settings import SignOnSettings

MIN_SECRET_BYTES = 32  # RFC 7518, section 3.2: an HMAC key is at least as long as the hash
JWT_ALGORITHM = "HS256"
STREAM_CONNECTIONS_SPARE = 256
MAX_PREVIOUS_KEYS = 10
DEFAULT_BIND = "127.0.0.1:8000"

Count = Annotated[int, Field(ge=1)]


class ConfigError(SystemExit):
    """A setting that cannot be read: one line on stderr, exit code 1."""


class Settings(SignOnSettings):
    """The settings of one process; immutable after the start. A secret has `repr=False`: no error shows it either."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, env_ignore_empty=True)

    instance_dir: Path = Field(default_factory=locations.default_instance_dir)
    database_url: str = Field("", repr=False)
    jwt_secret_key: str = Field("", repr=False)
    previous_jwt_secret_keys: Annotated[tuple[str, ...], NoDecode] = Field((), repr=False)
    provider_token_key: str = Field("", repr=False)
    previous_provider_token_keys: Annotated[tuple[str, ...], NoDecode] = Field((), repr=False)
    downloads_dir: Path = Path()
    files_group: str = ""
    embedded_worker: bool | None = None

    stream_interval_seconds: Annotated[float, Field(ge=0.05, le=3600)] = 2
    stream_max: Count = 10_000
    stream_max_per_user: Count = 20
    stream_max_errors: Count = 15
    stream_send_timeout_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    stream_io_uring: Literal["auto", "off"] = "auto"
    stream_drain_seconds: Annotated[float, Field(gt=0, le=60)] = 5

    request_body_seconds: Annotated[float, Field(gt=0, le=3600)] = 20
    max_active_downloads_per_user: Count = 100
    max_downloads_per_user: Count = 10_000
    max_requests_per_user: Count = 64
    max_connections_per_address: Count = 1000

    worker_concurrency: Annotated[int, Field(ge=1, le=64)] = 2
    connections_per_file: Annotated[int, Field(ge=1, le=64)] = 4
    max_bytes_per_second: Annotated[int, Field(ge=1)] | None = None
    lease_seconds: Annotated[float, Field(ge=3, le=3600)] = 30
    retention_days: Annotated[float, Field(gt=0, le=36_500)] | None = None
    audit_days: Annotated[int, Field(ge=1, le=36_500)] = 365
    user_quota_bytes: Annotated[int, Field(ge=0)] | None = None

    cookie_secure: bool | None = None
    trusted_proxies: Annotated[tuple[str, ...], NoDecode] = ()
    cors_origins: Annotated[tuple[str, ...], NoDecode] = ()
    metrics_token: str = Field("", repr=False)
    metrics_allow: Annotated[tuple[str, ...], NoDecode] = ()
    access_token_seconds: Count = 3600
    refresh_token_seconds: Count = 30 * 24 * 3600
    session_seconds: Count = 90 * 24 * 3600
    accel_redirect_prefix: str = ""
    log_format: Literal["text", "json"] = "text"

    @field_validator(
        "trusted_proxies",
        "metrics_allow",
        "cors_origins",
        "previous_jwt_secret_keys",
        "previous_provider_token_keys",
        mode="before",
    )
    @classmethod
    def _split_list(cls, value: object) -> object:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("trusted_proxies", "metrics_allow")
    @classmethod
    def _check_networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from ipaddress import ip_network

        for part in value:
            if part != "unix":  # a unix socket has no peer address; this word stands for it
                ip_network(part, strict=False)
        return value

    @field_validator("cors_origins")
    @classmethod
    def _check_origins(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return check_origins(value)

    @field_validator("instance_dir")
    @classmethod
    def _check_instance_dir(cls, value: Path) -> Path:
        str(value).encode()  # it becomes part of an SQLite URL, which is text
        return value

    @field_validator("files_group")
    @classmethod
    def _check_group(cls, value: str) -> str:
        try:
            return value and grp.getgrnam(value).gr_name
        except KeyError:
            raise ValueError("the name of a group of this machine") from None

    @field_validator("jwt_secret_key")
    @classmethod
    def _check_secret(cls, value: str) -> str:
        if value and len(value.encode()) < MIN_SECRET_BYTES:
            raise ValueError(f"at least {MIN_SECRET_BYTES} bytes")
        return value

    @field_validator("previous_jwt_secret_keys", "previous_provider_token_keys")
    @classmethod
    def _check_previous(cls, value: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        if len(value) > MAX_PREVIOUS_KEYS:
            raise ValueError(f"at most {MAX_PREVIOUS_KEYS} keys, separated by commas")
        if info.field_name == "previous_jwt_secret_keys" and any(len(key.encode()) < MIN_SECRET_BYTES for key in value):
            raise ValueError(f"keys of at least {MIN_SECRET_BYTES} bytes, separated by commas")
        return value

    @field_validator("database_url")
    @classmethod
    def _check_database_url(cls, value: str) -> str:
        return value and database_urls.normalize(value)

    def model_post_init(self, context: Any) -> None:
        """Fill in the settings that depend on others."""
        fill = object.__setattr__
        fill(self, "instance_dir", self.instance_dir.expanduser().absolute())
        if not self.database_url:
            fill(self, "database_url", f"sqlite:///{self.instance_dir / 'downloads.sqlite3'}")
        if self.downloads_dir == Path():
            fill(self, "downloads_dir", self.instance_dir / "downloads")
        fill(self, "downloads_dir", self.downloads_dir.expanduser().absolute())
        if self.embedded_worker is None:
            fill(self, "embedded_worker", self.uses_sqlite)

    @property
    def uses_sqlite(self) -> bool:
        return database_urls.is_sqlite(self.database_url)

    @property
    def jwt_secret_keys(self) -> tuple[str, ...]:
        """The keys that tokens may be signed with: the present one, then those of before."""
        return (self.jwt_secret_key, *self.previous_jwt_secret_keys)

    @property
    def worker_connections(self) -> int:
        """Connections a process accepts: its streams, and room for ordinary requests when all streams are taken."""
        return self.stream_max + STREAM_CONNECTIONS_SPARE


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; raises ConfigError naming the variable, the value and what is expected."""
    try:
        settings = Settings(**{"_env_file": locations.env_file(), **overrides})
    except ValidationError as exc:
        raise ConfigError(f"error: {describe_fault(exc, Settings.model_fields)}") from None
    return settings


def forget_env_file(variable: str) -> None:
    """Read a variable from `.env` again: the `flask` command has copied it into the environment, which comes first."""
    if variable in os.environ and os.environ[variable] == dotenv_values(locations.env_file()).get(variable):
        del os.environ[variable]


def secret_file(settings: Settings, name: str) -> str:
    """Return the secret kept in the instance folder, generated once with mode 0600.

    Several processes may start at once: the file is linked into place complete, and the first one wins.
    """
    path = settings.instance_dir / name
    if not path.exists():
        draft = path.with_name(f".{name}.{os.getpid()}.{secrets.token_hex(4)}")
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(secrets.token_urlsafe(48))
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text().strip()


SETTINGS: PerApp[Settings] = PerApp()


def install_settings(app: Flask, settings: Settings) -> None:
    """Store the settings for `app`, with the secrets that they leave to us, and translate them for the extensions."""
    keys = {
        "jwt_secret_key": settings.jwt_secret_key or secret_file(settings, "jwt-secret"),
        "provider_token_key": settings.provider_token_key or secret_file(settings, "provider-key"),
    }
    settings = settings.model_copy(update=keys)
    SETTINGS.put(app, settings)
    app.config.update(
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        JWT_SECRET_KEY=settings.jwt_secret_key,
        JWT_ALGORITHM=JWT_ALGORITHM,
        JWT_TOKEN_LOCATION=["headers", "cookies"],
        JWT_ACCESS_TOKEN_EXPIRES=settings.access_token_seconds,
        JWT_REFRESH_TOKEN_EXPIRES=settings.refresh_token_seconds,
        JWT_COOKIE_SAMESITE="Lax",
        JWT_SESSION_COOKIE=False,
        MAX_CONTENT_LENGTH=64 << 10,  # the largest useful body, a download's patterns, is a sixth of this
    )


def current_settings() -> Settings:
    """Return the settings of the application at work. For entry points: services get what they need as arguments."""
    return SETTINGS.here()


def read_binds() -> list[str]:
    """Return where gunicorn listens unless a flag says it (GUNICORN_BIND).

    An empty part is left out: gunicorn would take it for every address of the machine.
    """
    parts = map(str.strip, os.environ.get("GUNICORN_BIND", "").split(","))
    return list(filter(None, parts)) or [DEFAULT_BIND]
