"""Settings of the process, read from the environment once, at start."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from content_store import StoreSettings


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What a process needs to know about its surroundings.

    `embedded` is set by `lms demo` only: the worker then runs inside the server process.
    """

    database_url: str
    store: StoreSettings
    public_url: str
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 1
    allowed_origins: tuple[str, ...] = ()
    token_hours: int = 12
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
    ("LMS_ALLOWED_ORIGINS", "none", "web origins, comma-separated, whose pages may call the API and the store"),
    ("LMS_TOKEN_HOURS", "12", "hours until a sign-in expires"),
)
_FROM_FILES = ("LMS_DATABASE_URL", "LMS_STORE_ACCESS_KEY", "LMS_STORE_SECRET_KEY")
_KNOWN_SECRETS = {"minioadmin", "changeme", "change-me", "password", "secret", "admin"}


def documented() -> list[tuple[str, str, str]]:
    """Return every environment variable as (name, default or "required", meaning)."""
    files = [(f"{name}_FILE", "none", f"file that holds {name}, instead of the variable") for name in _FROM_FILES]
    return [*_DOCUMENTED, *files]


def is_loopback(url: str) -> bool:
    """Tell whether the address names this machine only."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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
                problems.append(f"{name}_FILE: cannot be read: {error.strerror}")
                return ""
        if not value and default is None:
            meaning = next(text for key, _, text in _DOCUMENTED if key == name)
            problems.append(f"{name} is missing: {meaning}")
        return value or default or ""

    def number(name: str, default: int, minimum: int, maximum: int) -> int:
        text = get(name, str(default))
        if not text.isascii() or not text.isdigit() or not minimum <= int(text) <= maximum:
            problems.append(f"{name} must be a whole number from {minimum} to {maximum}, not {text!r}")
            return default
        return int(text)

    def web(name: str, default: str | None = None, *, public: bool) -> str:
        url = get(name, default).rstrip("/")
        if not url:
            return url
        if urlsplit(url).scheme not in {"http", "https"} or not urlsplit(url).hostname:
            problems.append(f"{name} must be an http or https address, not {url!r}")
        elif public and urlsplit(url).scheme != "https" and not is_loopback(url):
            problems.append(f"{name} is unsafe: {url} must be https, for tokens and media travel over it")
        return url

    database_url = get("LMS_DATABASE_URL")
    if database_url and not database_url.startswith(("postgresql://", "sqlite:///")):
        problems.append("LMS_DATABASE_URL must start with postgresql:// or sqlite:///")
    store_url = web("LMS_STORE_URL", public=False)
    secret = get("LMS_STORE_SECRET_KEY")
    if secret and (len(secret) < 16 or secret.lower() in _KNOWN_SECRETS):
        problems.append("LMS_STORE_SECRET_KEY is unsafe: use at least 16 characters nobody can guess")
    origins = tuple(o.strip() for o in get("LMS_ALLOWED_ORIGINS", "").split(",") if o.strip())
    if "*" in origins:
        problems.append("LMS_ALLOWED_ORIGINS is unsafe: name the origins instead of *")
    public_store = web("LMS_STORE_PUBLIC_URL", store_url or "http://localhost", public=True)
    access_key, bucket = get("LMS_STORE_ACCESS_KEY"), get("LMS_STORE_BUCKET")
    public_url = web("LMS_PUBLIC_URL", public=True)
    port, workers = number("LMS_PORT", 8000, 1, 65535), number("LMS_WORKERS", 1, 1, 256)
    token_hours = number("LMS_TOKEN_HOURS", 12, 1, 24 * 90)
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
        raise SettingsError([f"LMS_STORE_...: {error}"]) from None
    return Settings(
        database_url=database_url,
        store=store,
        public_url=public_url,
        host=get("LMS_HOST", "127.0.0.1"),
        port=port,
        workers=workers,
        allowed_origins=origins,
        token_hours=token_hours,
    )
