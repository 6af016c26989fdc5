"""The portal's configuration, read from the environment once and checked as a whole.

Every setting ``NAME`` may instead be given as ``NAME_FILE``, the path of a file that holds the value
(the form that container platforms use for secrets). All faults are reported together, before anything starts.
"""

from __future__ import annotations

import os
import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

import dj_database_url
from django.core.exceptions import ImproperlyConfigured
from pydantic import Field, SecretStr, field_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

DEVELOPMENT_SECRET = "development-only-secret-key-never-use-it-in-production"

CommaList = Annotated[list[str], NoDecode]
DaysByName = Annotated[dict[str, int], NoDecode]


def setting_name(field: str) -> str:
    """Return what the environment calls a field of :class:`Env`, given its name or its alias."""
    return field if field in ("DATABASE_URL", "REDIS_URL") else f"PORTAL_{field.upper()}"


def _has_port(url: str) -> bool:
    """Tell whether the port in ``url`` is a number, or there is none."""
    try:
        return urlsplit(url).port != 0
    except ValueError:
        return False


class FileSource(PydanticBaseSettingsSource):
    """Reads ``NAME_FILE`` for every setting ``NAME`` that has such a variable."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        """Return the content of the file that the ``_FILE`` variable names, or None where there is none."""
        name = str(field.validation_alias or f"PORTAL_{field_name.upper()}")
        path = os.environ.get(f"{name}_FILE")
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text().strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise ImproperlyConfigured(f"{name}_FILE: the file {path} could not be read: {error}") from None

    def __call__(self) -> dict[str, Any]:
        """Return all values that files give."""
        found = {}
        for name, field in self.settings_cls.model_fields.items():
            value, _, _ = self.get_field_value(field, name)
            if value is not None:
                found[str(field.validation_alias or name)] = value
        return found


class Env(BaseSettings):
    """What an operator can set. ``docs/operating.md`` is the reference."""

    model_config = SettingsConfigDict(env_prefix="PORTAL_", extra="ignore")

    environment: Literal["development", "production"] = "development"
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    secret_key_fallbacks: CommaList = Field(default=[], description="older secret keys, still accepted")
    encryption_keys: CommaList = Field(default=[], description="the first encrypts, all decrypt")
    erasure_keys: CommaList = Field(default=[], description="older encryption keys, to recognize who was erased")
    debug: bool = False
    base_url: str = "http://localhost:8000"
    allowed_hosts: CommaList = []
    trusted_proxies: int = Field(default=0, ge=0, description="how many proxies in front may be believed")
    data_dir: Path = Path(__file__).resolve().parent.parent / "var"
    database_url: str = Field(default="", validation_alias="DATABASE_URL")
    redis_url: str = Field(default="", validation_alias="REDIS_URL")
    outbound_allowed_networks: CommaList = []
    allow_http_loopback: bool | None = None
    sandbox_url: str | None = None
    gateway_url: str = Field(default="", description="what developers of game servers are shown")
    gateway_bind: str = Field(default="", description="host:port where gateways listen")
    gateway_processes: int = Field(default=1, ge=0, le=64, description="how many of them ``serve`` starts")
    gateway_connections: int = Field(default=10_000, ge=1, description="the most that one gateway holds")
    staff_second_factor: bool | None = Field(default=None, description="default: on in production")
    email_url: str = Field(default="", description="smtp://user:password@host:port?tls=1; empty prints to the log")
    email_from: str = "drops@localhost"
    site_name: str = "Drops Portal"
    support_url: str = ""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    metrics_token: SecretStr = SecretStr("")
    retention: DaysByName = Field(default={}, description="name=days,... instead of the periods in portal.retention")

    @field_validator(
        "secret_key_fallbacks",
        "encryption_keys",
        "erasure_keys",
        "allowed_hosts",
        "outbound_allowed_networks",
        mode="before",
    )
    @classmethod
    def _split(cls, value: object) -> object:
        if isinstance(value, str):
            return [part.strip() for part in value.split(",") if part.strip()]
        return value

    @field_validator("retention", mode="before")
    @classmethod
    def _days(cls, value: object) -> object:
        if not isinstance(value, str):
            return value
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all(re.fullmatch(r"[a-z_]+ *= *\d{1,6}", part) for part in parts):
            raise ValueError("write it as name=days, separated by commas: kept_messages=30,audit_trail=3650")
        return {name.strip(): int(days) for name, days in (part.split("=") for part in parts)}

    @field_validator("database_url")
    @classmethod
    def _database(cls, value: str) -> str:
        if value:
            try:
                dj_database_url.parse(value)
            except ValueError:
                # What the library says may hold the password.
                raise ValueError("write it as postgresql://user:password@host:port/name") from None
        return value

    @field_validator("redis_url")
    @classmethod
    def _redis(cls, value: str) -> str:
        if value and (urlsplit(value).scheme not in ("redis", "rediss", "unix") or not _has_port(value)):
            raise ValueError("write it as redis://host:port/0")
        return value

    @field_validator("email_url")
    @classmethod
    def _email(cls, value: str) -> str:
        if value and (urlsplit(value).scheme != "smtp" or not _has_port(value)):
            raise ValueError("write it as smtp://user:password@host:port?tls=1")
        return value

    @field_validator("base_url")
    @classmethod
    def _base(cls, value: str) -> str:
        if urlsplit(value).scheme not in ("http", "https") or not urlsplit(value).hostname or not _has_port(value):
            raise ValueError("write it as https://drops.example.org")
        return value

    @field_validator("gateway_url")
    @classmethod
    def _gateway(cls, value: str) -> str:
        if not value:
            return value
        if urlsplit(value).scheme not in ("ws", "wss") or not urlsplit(value).hostname or not _has_port(value):
            raise ValueError("write it as wss://drops.example.org/game-state/v1")
        return value

    @field_validator("gateway_bind")
    @classmethod
    def _bind(cls, value: str) -> str:
        port = value.rpartition(":")[2]
        if value and not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError("write it as 127.0.0.1:8002")
        return value

    @field_validator("outbound_allowed_networks")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ip_network(network)
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read the environment first, then the files that it names."""
        return init_settings, env_settings, FileSource(settings_cls)

    @property
    def production(self) -> bool:
        """Whether this portal serves real people."""
        return self.environment == "production"
