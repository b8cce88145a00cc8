"""Settings of the process, read from the environment once, at start."""

from __future__ import annotations

import re
import secrets
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Literal
from urllib.parse import unquote, urlsplit

import msgspec
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from content_store import StoreSettings


class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The server that takes our mail, and the sender's address and name.

    With `starttls` a connection begins in clear and is encrypted before anything is told; with `tls` from the start.
    """

    host: str
    port: int
    encryption: Literal["none", "starttls", "tls"]
    user: str | None = None
    password: str | None = None
    sender: str
    sender_name: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to know about its surroundings.

    Secrets of other systems are derived from `secret_key`; one that is not given is new in each process. Without
    `mail` none is sent. Webhooks may lead to private addresses only at `webhook_allowed_hosts`. `embedded` is set by
    `lms demo` only: the worker then runs inside the server process.
    """

    database_url: str
    store: StoreSettings
    public_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    allowed_origins: tuple[str, ...] = ()
    token_hours: int = 12
    secret_key: str = msgspec.field(default_factory=lambda: secrets.token_urlsafe(32))
    mail: MailSettings | None = None
    webhook_allowed_hosts: tuple[str, ...] = ()
    embedded: bool = False


class SettingsError(Exception):
    """Settings are missing or unsafe; `problems` has a line for each."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


_DOCUMENTED = (
    ("LMS_DATABASE_URL", "required", "postgresql://user:password@host:5432/name, or sqlite:////absolute/path"),
    ("LMS_STORE_URL", "required", "address at which the server reaches the S3 store, such as http://store:8333"),
    ("LMS_STORE_PUBLIC_URL", "LMS_STORE_URL", "address at which browsers reach the same store"),
    ("LMS_STORE_ACCESS_KEY", "required", "access key of the store"),
    ("LMS_STORE_SECRET_KEY", "required", "secret key of the store, at least 16 characters"),
    ("LMS_STORE_BUCKET", "required", "bucket for all media"),
    ("LMS_STORE_REGION", "us-east-1", "region that signatures name"),
    ("LMS_PUBLIC_URL", "required", "https address that people use, without a path"),
    ("LMS_HOST", "127.0.0.1", "address to listen on"),
    ("LMS_PORT", "8000", "port to listen on"),
    ("LMS_WORKERS", "1", "server processes"),
    (
        "LMS_ALLOWED_ORIGINS",
        "none",
        "web origins, comma-separated, whose pages may call the API and the store; the API's own for pages on which "
        "guests send files",
    ),
    ("LMS_TOKEN_HOURS", "12", "hours until a sign-in expires"),
    ("LMS_SECRET_KEY", "required", "at least 32 random characters, from which the secrets of webhooks are derived"),
    ("LMS_SMTP_URL", "none", "server that takes mail: smtps://, smtp+starttls:// or smtp://user:password@host:port"),
    ("LMS_MAIL_FROM", "none", "sender of mail, such as LMS <lms@example.org>; required with LMS_SMTP_URL"),
    ("LMS_WEBHOOK_ALLOWED_HOSTS", "none", "names, comma-separated, of webhook receivers on private addresses"),
)
_FROM_FILES = ("LMS_DATABASE_URL", "LMS_STORE_ACCESS_KEY", "LMS_STORE_SECRET_KEY", "LMS_SECRET_KEY", "LMS_SMTP_URL")
_ADDRESS = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"
_SENDER = re.compile(rf"(?P<name>[^<>@]*\S) <(?P<address>{_ADDRESS})>|(?P<bare>{_ADDRESS})")
_ENCRYPTION: dict[str, tuple[Literal["none", "starttls", "tls"], int]] = {
    "smtp": ("none", 25),
    "smtp+starttls": ("starttls", 587),
    "smtps": ("tls", 465),
}
_GUESSABLE = ("minioadmin", "changeme", "change-me", "password", "secret", "example")


def documented() -> list[tuple[str, str, str]]:
    """Return every environment variable as (name, default or "required", meaning)."""
    files = [(f"{name}_FILE", "none", f"file that holds {name}, instead of the variable") for name in _FROM_FILES]
    return [*_DOCUMENTED, *files]


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _web_problem(url: str, *, public: bool) -> str | None:
    """Say what is wrong with the address of a web server or origin; what is public must be https or loopback."""
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # a bad port raises only when it is asked for
    except ValueError:
        host = None
    if not host or parts.scheme not in {"http", "https"} or url != f"{parts.scheme}://{parts.netloc}" or "@" in url:
        return f"must look like https://host or https://host:port, not {url!r}"
    if public and parts.scheme != "https" and not _is_loopback(host):
        return f"is unsafe: {url} must be https, for tokens and media travel over it"
    return None


def _database_problem(url: str) -> str | None:
    """Say what is wrong with the URL of a database, without repeating it, for it may hold a password."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return "is no URL; characters of the password such as @ : / must be written as %40 %3A %2F"
    if parsed.drivername == "sqlite" and Path(parsed.database or "").is_absolute():
        return None
    if parsed.drivername != "postgresql":
        return "must start with postgresql:// or sqlite:////"
    unknown = sorted(set(parsed.query) - {"host", "port", "ssl"})
    return f"has unknown options: {', '.join(unknown)} (for TLS write ?ssl=require)" if unknown else None


def _guessable(secret: str, length: int) -> bool:
    return len(secret) < length or len(set(secret)) < 8 or any(word in secret.lower() for word in _GUESSABLE)


def _mail(url: str, sender: str) -> MailSettings:
    """Read how mail leaves. Raises ValueError, which does not repeat the URL, for it may hold a password."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host = port = None
    if not host or parts.scheme not in _ENCRYPTION or parts.path.strip("/") or parts.query or parts.fragment:
        raise ValueError(
            "LMS_SMTP_URL must look like smtps://user:password@host:port, with @ : / of the password written as "
            "%40 %3A %2F"
        )
    encryption, usual_port = _ENCRYPTION[parts.scheme]
    if parts.password and encryption == "none" and not _is_loopback(host):
        raise ValueError("LMS_SMTP_URL is unsafe: a password must travel over smtps:// or smtp+starttls://")
    if not sender:
        raise ValueError("LMS_MAIL_FROM is missing: LMS_SMTP_URL needs a sender, such as LMS <lms@example.org>")
    found = _SENDER.fullmatch(sender)
    if not found or not sender.isprintable():
        raise ValueError(f"LMS_MAIL_FROM must look like LMS <lms@example.org>, not {sender!r}")
    return MailSettings(
        host=host,
        port=port or usual_port,
        encryption=encryption,
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        sender=found["address"] or found["bare"],
        sender_name=found["name"] or "",
    )


def from_environment(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a production process.

    Raises SettingsError that lists everything missing or unsafe at once, so that an operator mends it in one go.
    """
    problems: list[str] = []

    def get(name: str, default: str | None = None) -> str:
        value = environ.get(name, "")
        if not value and environ.get(f"{name}_FILE"):
            try:
                value = Path(environ[f"{name}_FILE"]).read_text(encoding="utf-8").strip()
            except OSError as error:
                problems.append(f"{name}_FILE cannot be read: {error.strerror}")
                return ""
            except UnicodeDecodeError:
                problems.append(f"{name}_FILE cannot be read: it is no text")
                return ""
        if not value and default is None:
            meaning = next(text for key, _, text in _DOCUMENTED if key == name)
            problems.append(f"{name} is missing: {meaning}")
        return value or default or ""

    def number(name: str, default: int, minimum: int, maximum: int) -> int:
        text = get(name, str(default))
        if not re.fullmatch(r"[0-9]{1,9}", text) or not minimum <= int(text) <= maximum:
            problems.append(f"{name} must be a whole number from {minimum} to {maximum}, not {text!r}")
            return default
        return int(text)

    def web(name: str, default: str | None = None, *, public: bool) -> str:
        url = get(name, default).rstrip("/")
        if url and (problem := _web_problem(url, public=public)):
            problems.append(f"{name} {problem}")
        return url

    database_url = get("LMS_DATABASE_URL")
    if database_url and (problem := _database_problem(database_url)):
        problems.append(f"LMS_DATABASE_URL {problem}")
    store_url = web("LMS_STORE_URL", public=False)
    public_store = web("LMS_STORE_PUBLIC_URL", store_url or "http://localhost", public=True)
    access_key, secret = get("LMS_STORE_ACCESS_KEY"), get("LMS_STORE_SECRET_KEY")
    if secret and _guessable(secret, 16):
        problems.append("LMS_STORE_SECRET_KEY is unsafe: use at least 16 characters nobody can guess")
    bucket = get("LMS_STORE_BUCKET")
    public_url = web("LMS_PUBLIC_URL", public=True)
    origins = tuple(o.strip() for o in get("LMS_ALLOWED_ORIGINS", "").split(",") if o.strip())
    if "*" in origins:
        problems.append("LMS_ALLOWED_ORIGINS is unsafe: name the origins instead of *")
    problems += [
        f"LMS_ALLOWED_ORIGINS {problem}"
        for origin in origins
        if origin != "*" and (problem := _web_problem(origin, public=True))
    ]
    host = get("LMS_HOST", "127.0.0.1")
    if not _is_address(host):
        problems.append(f"LMS_HOST must be an IP address, such as 127.0.0.1 or 0.0.0.0, not {host!r}")
    port, workers = number("LMS_PORT", 8000, 1, 65535), number("LMS_WORKERS", 1, 1, 256)
    token_hours = number("LMS_TOKEN_HOURS", 12, 1, 24 * 90)
    secret_key = get("LMS_SECRET_KEY")
    if secret_key and _guessable(secret_key, 32):
        problems.append("LMS_SECRET_KEY is unsafe: use at least 32 characters nobody can guess")
    smtp_url, sender, mail = get("LMS_SMTP_URL", ""), get("LMS_MAIL_FROM", ""), None
    if smtp_url:
        try:
            mail = _mail(smtp_url, sender)
        except ValueError as error:
            problems.append(str(error))
    allowed_hosts = tuple(h.strip().lower() for h in get("LMS_WEBHOOK_ALLOWED_HOSTS", "").split(",") if h.strip())
    problems += [
        f"LMS_WEBHOOK_ALLOWED_HOSTS must hold names such as hooks.example.org, not {name!r}"
        for name in allowed_hosts
        if not re.fullmatch(r"[a-z0-9]([a-z0-9.-]*[a-z0-9])?", name)
    ]
    if problems:
        raise SettingsError(problems)
    try:
        store = StoreSettings(
            url=store_url,
            public_url=public_store,
            access_key=access_key,
            secret_key=secret,
            bucket=bucket,
            region=get("LMS_STORE_REGION", "us-east-1"),
        )
    except ValueError as error:
        raise SettingsError([f"LMS_STORE_BUCKET: {error}"]) from None
    return Settings(
        database_url=database_url,
        store=store,
        public_url=public_url,
        host=host,
        port=port,
        workers=workers,
        allowed_origins=origins,
        token_hours=token_hours,
        secret_key=secret_key,
        mail=mail,
        webhook_allowed_hosts=allowed_hosts,
    )
