"""One frozen Struct, read once from the environment.

Every setting has a default that is safe on loopback. A setting that ends in `_FILE` names a file that holds the
value, so that secrets need not stand in the environment (the convention of container engines).
"""

import os
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

Port = Annotated[int, msgspec.Meta(ge=1, le=65535)]
Seconds = Annotated[float, msgspec.Meta(gt=0, le=3600)]

# One table: name in the environment → field. docs/operations.md and deploy/circle.env.example list the same names.
NAMES = {
    "DATABASE_URL": "database_url",
    "DATABASE_ADMIN_URL": "database_admin_url",
    "REDIS_URL": "redis_url",
    "SMTP_URL": "smtp_url",
    "CIRCLE_URL": "url",
    "CIRCLE_HOST": "host",
    "CIRCLE_PORT": "port",
    "CIRCLE_MODE": "mode",
    "CIRCLE_CLOCK": "clock",
    "CIRCLE_FILES": "files",
    "CIRCLE_UPLOAD_LIMIT": "upload_limit",
    "CIRCLE_BODY_LIMIT": "body_limit",
    "CIRCLE_MAIL_FROM": "mail_from",
    "CIRCLE_MAIL_NAME": "mail_name",
    "CIRCLE_REPLY_MAILDIR": "reply_maildir",
    "CIRCLE_ADMIN_EMAIL": "admin_email",
    "CIRCLE_ADMIN_PASSWORD": "admin_password",
    "CIRCLE_METRICS_TOKEN": "metrics_token",
    "CIRCLE_POOL_MIN": "pool_min",
    "CIRCLE_POOL_MAX": "pool_max",
    "CIRCLE_STATEMENT_TIMEOUT": "statement_timeout",
    "CIRCLE_LOG": "log",
    "CIRCLE_WORKERS": "workers",
    "CIRCLE_MINUTES_LIVE": "minutes_live",
}


class SettingsError(ValueError):
    """A setting that cannot be used; the German text names it and says what is expected."""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What the environment decides. URLs as their libraries read them, sizes in bytes, times in seconds."""

    database_url: str = ""
    database_admin_url: str = ""
    redis_url: str = ""
    smtp_url: str = ""
    url: str = ""
    """The address people type; empty = http://127.0.0.1:PORT. Decides cookie name, host check and links in mails."""
    host: str = "127.0.0.1"
    port: Port = 8000
    mode: Literal["demo", "live", "test"] = "live"
    clock: str = ""
    """RFC 3339 instant at which office time starts; honoured at the first start in demo and test only."""
    files: str = "var/files"
    """A folder, or s3://bucket/prefix with the usual AWS_* variables."""
    upload_limit: Annotated[int, msgspec.Meta(ge=1024)] = 50 * 1024 * 1024
    body_limit: Annotated[int, msgspec.Meta(ge=1024)] = 1024 * 1024
    mail_from: str = "koordinierungskreis@example.invalid"
    mail_name: str = "Koordinierungskreis – Geschäftsführung"
    reply_maildir: str = ""
    """The Maildir into which the mail server puts calendars' answers; empty = none is read."""
    admin_email: str = ""
    admin_password: str = ""
    metrics_token: str = ""
    pool_min: Annotated[int, msgspec.Meta(ge=0, le=100)] = 1
    pool_max: Annotated[int, msgspec.Meta(ge=1, le=200)] = 8
    statement_timeout: Seconds = 10.0
    log: Literal["json", "text"] = "json"
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] = 2
    """Processes of the background worker."""
    minutes_live: bool = True
    """Several people write the text of an item at the same time; without it, or without JavaScript, a form is saved."""

    @property
    def address(self) -> str:
        """The address without a trailing slash, for links and the host check."""
        return (self.url or f"http://127.0.0.1:{self.port}").rstrip("/")

    @property
    def secure(self) -> bool:
        """True when people reach the service over https."""
        return self.address.startswith("https://")

    @property
    def cookie(self) -> str:
        """`__Host-` cookies need https (RFC 6265bis 4.1.3.2); on loopback http the plain name is used."""
        return "__Host-circle" if self.secure else "circle"


def read(environ: dict[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process's environment).

    Raises SettingsError with a German sentence that names the setting.
    """
    environ = dict(os.environ) if environ is None else environ
    raw: dict[str, Any] = {}
    for name, field in NAMES.items():
        value = environ.get(name)
        if path := environ.get(f"{name}_FILE"):
            try:
                value = Path(path).read_text(encoding="utf-8").strip()
            except OSError as error:
                raise SettingsError(
                    f"{name}_FILE: Die Datei {path} ist nicht lesbar ({error.strerror})."
                ) from error
        if value:
            raw[field] = value
    try:
        settings = msgspec.convert(raw, Settings, strict=False)
    except msgspec.ValidationError as error:
        raise SettingsError(f"Einstellung ungültig: {error}") from error
    if settings.clock and settings.mode == "live":
        raise SettingsError("CIRCLE_CLOCK gilt nur in Vorführung und Test (CIRCLE_MODE=demo oder test).")
    return settings
