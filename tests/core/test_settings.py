"""Settings of a production process: everything that is missing or unsafe is said at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from content_store import StoreSettings
from lms_core.settings import MailSettings, Settings, SettingsError, documented, from_environment

KEY = "5a0e3c9b7d1f48629a6b3c5d7e8f9012"
SAFE = {
    "LMS_DATABASE_URL": "postgresql://lms:long-and-random@db:5432/lms",
    "LMS_STORE_URL": "http://store:8333",
    "LMS_STORE_PUBLIC_URL": "https://media.example.org",
    "LMS_STORE_ACCESS_KEY": "key",
    "LMS_STORE_SECRET_KEY": "8c9d1f0e7b6a5948",
    "LMS_STORE_BUCKET": "lms-media",
    "LMS_PUBLIC_URL": "https://lms.example.org",
    "LMS_SECRET_KEY": KEY,
}
FORM = "must look like https://host or https://host:port, not"
SMTP_FORM = "must look like smtps://user:password@host:port, with @ : / of the password written as %40 %3A %2F"
TRAVEL = "must be https, for tokens and media travel over it"


def problems(environment: dict[str, str]) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        from_environment(environment)
    return refused.value.problems


def test_the_required_ones_suffice() -> None:
    assert from_environment(SAFE) == Settings(
        database_url="postgresql://lms:long-and-random@db:5432/lms",
        store=StoreSettings(
            url="http://store:8333",
            public_url="https://media.example.org",
            access_key="key",
            secret_key="8c9d1f0e7b6a5948",
            bucket="lms-media",
            region="us-east-1",
        ),
        public_url="https://lms.example.org",
        host="127.0.0.1",
        port=8000,
        workers=1,
        allowed_origins=(),
        token_hours=12,
        secret_key=KEY,
        mail=None,
        webhook_allowed_hosts=(),
        embedded=False,
    )


def test_the_others_are_heard_too() -> None:
    found = from_environment(
        {
            **SAFE,
            "LMS_DATABASE_URL": "sqlite:////var/lib/lms/lms.sqlite3",
            "LMS_PUBLIC_URL": "http://localhost:8000/",
            "LMS_STORE_URL": "http://127.0.0.1:8333",
            "LMS_STORE_PUBLIC_URL": "",
            "LMS_STORE_REGION": "eu-central-1",
            "LMS_HOST": "::1",
            "LMS_PORT": "65535",
            "LMS_WORKERS": "4",
            "LMS_ALLOWED_ORIGINS": "https://a.example.org, http://localhost:5173",
            "LMS_TOKEN_HOURS": "1",
            "LMS_SMTP_URL": "smtps://lms%40example.org:p%40ss%3Aword@mail.example.org",
            "LMS_MAIL_FROM": "Über LMS <lms@example.org>",
            "LMS_WEBHOOK_ALLOWED_HOSTS": "hooks, Hooks.Example.org",
        }
    )
    assert found == Settings(
        database_url="sqlite:////var/lib/lms/lms.sqlite3",
        store=StoreSettings(
            url="http://127.0.0.1:8333",
            public_url="http://127.0.0.1:8333",
            access_key="key",
            secret_key="8c9d1f0e7b6a5948",
            bucket="lms-media",
            region="eu-central-1",
        ),
        public_url="http://localhost:8000",
        host="::1",
        port=65535,
        workers=4,
        allowed_origins=("https://a.example.org", "http://localhost:5173"),
        token_hours=1,
        secret_key=KEY,
        mail=MailSettings(
            host="mail.example.org",
            port=465,
            encryption="tls",
            user="lms@example.org",
            password="p@ss:word",
            sender="lms@example.org",
            sender_name="Über LMS",
        ),
        webhook_allowed_hosts=("hooks", "hooks.example.org"),
    )


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("LMS_PUBLIC_URL", "http://lms.example.org", f"is unsafe: http://lms.example.org {TRAVEL}"),
        ("LMS_PUBLIC_URL", "http://0.0.0.0:8000", f"is unsafe: http://0.0.0.0:8000 {TRAVEL}"),
        ("LMS_PUBLIC_URL", "https://example.org/lms", f"{FORM} 'https://example.org/lms'"),
        ("LMS_PUBLIC_URL", "lms.example.org", f"{FORM} 'lms.example.org'"),
        ("LMS_PUBLIC_URL", "ftp://lms.example.org", f"{FORM} 'ftp://lms.example.org'"),
        ("LMS_PUBLIC_URL", "https://[", f"{FORM} 'https://['"),
        ("LMS_PUBLIC_URL", "https://user:word@example.org", f"{FORM} 'https://user:word@example.org'"),
        ("LMS_STORE_URL", "https://store:99999", f"{FORM} 'https://store:99999'"),
        ("LMS_STORE_PUBLIC_URL", "http://media.example.org", f"is unsafe: http://media.example.org {TRAVEL}"),
        ("LMS_STORE_SECRET_KEY", "fifteen letters", "is unsafe: use at least 16 characters nobody can guess"),
        ("LMS_STORE_SECRET_KEY", "minioadmin-minioadmin", "is unsafe: use at least 16 characters nobody can guess"),
        ("LMS_STORE_SECRET_KEY", "ChangeMe-ChangeMe", "is unsafe: use at least 16 characters nobody can guess"),
        ("LMS_SECRET_KEY", KEY[:31], "is unsafe: use at least 32 characters nobody can guess"),
        ("LMS_SECRET_KEY", "0123" * 16, "is unsafe: use at least 32 characters nobody can guess"),
        ("LMS_SECRET_KEY", f"secret-{KEY}", "is unsafe: use at least 32 characters nobody can guess"),
        ("LMS_SMTP_URL", "https://mail.example.org", SMTP_FORM),
        ("LMS_SMTP_URL", "smtp://", SMTP_FORM),
        ("LMS_SMTP_URL", "smtps://lms:p@ss/word@mail.example.org", SMTP_FORM),
        ("LMS_SMTP_URL", "smtps://mail.example.org:99999", SMTP_FORM),
        (
            "LMS_SMTP_URL",
            "smtp://lms:word@relay",
            "is unsafe: a password must travel over smtps:// or smtp+starttls://",
        ),
        (
            "LMS_WEBHOOK_ALLOWED_HOSTS",
            "https://hooks",
            "must hold names such as hooks.example.org, not 'https://hooks'",
        ),
        ("LMS_ALLOWED_ORIGINS", "*", "is unsafe: name the origins instead of *"),
        ("LMS_ALLOWED_ORIGINS", "https://a.example.org,null", f"{FORM} 'null'"),
        ("LMS_ALLOWED_ORIGINS", "http://a.example.org", f"is unsafe: http://a.example.org {TRAVEL}"),
        ("LMS_HOST", "localhost", "must be an IP address, such as 127.0.0.1 or 0.0.0.0, not 'localhost'"),
        ("LMS_PORT", "0", "must be a whole number from 1 to 65535, not '0'"),
        ("LMS_PORT", "65536", "must be a whole number from 1 to 65535, not '65536'"),
        ("LMS_PORT", "٨٠٠٠", "must be a whole number from 1 to 65535, not '٨٠٠٠'"),
        ("LMS_WORKERS", "two", "must be a whole number from 1 to 256, not 'two'"),
        ("LMS_TOKEN_HOURS", "-1", "must be a whole number from 1 to 2160, not '-1'"),
        ("LMS_TOKEN_HOURS", "9" * 5000, f"must be a whole number from 1 to 2160, not '{'9' * 5000}'"),
        ("LMS_DATABASE_URL", "mysql://db/lms", "must start with postgresql:// or sqlite:////"),
        ("LMS_DATABASE_URL", "sqlite:///lms.sqlite3", "must start with postgresql:// or sqlite:////"),
        ("LMS_DATABASE_URL", "sqlite://", "must start with postgresql:// or sqlite:////"),
        (
            "LMS_DATABASE_URL",
            "postgresql://lms:p@ss:word@db/lms",
            "is no URL; characters of the password such as @ : / must be written as %40 %3A %2F",
        ),
        (
            "LMS_DATABASE_URL",
            "postgresql://lms:word@db/lms?sslmode=require",
            "has unknown options: sslmode (for TLS write ?ssl=require)",
        ),
    ],
)
def test_what_is_unsafe_or_impossible_is_refused_by_name(name: str, value: str, problem: str) -> None:
    assert problems({**SAFE, name: value}) == [f"{name} {problem}"]


def test_a_store_that_browsers_cannot_reach_safely_needs_another_address() -> None:
    without = {name: value for name, value in SAFE.items() if name != "LMS_STORE_PUBLIC_URL"}
    assert problems(without) == [f"LMS_STORE_PUBLIC_URL is unsafe: http://store:8333 {TRAVEL}"]


def test_a_bucket_that_cannot_be_is_refused() -> None:
    assert problems({**SAFE, "LMS_STORE_BUCKET": "Media"}) == [
        "LMS_STORE_BUCKET: No bucket can be called 'Media': 3 to 63 of a-z, 0-9, dot and hyphen."
    ]


@pytest.mark.parametrize(
    ("url", "host", "port", "encryption"),
    [
        ("smtp://relay", "relay", 25, "none"),
        ("smtp://lms:word@127.0.0.1:2525/", "127.0.0.1", 2525, "none"),
        ("smtp+starttls://lms:word@mail.example.org", "mail.example.org", 587, "starttls"),
        ("smtps://mail.example.org:4465", "mail.example.org", 4465, "tls"),
    ],
)
def test_a_mail_server_is_named_by_one_address(url: str, host: str, port: int, encryption: str) -> None:
    found = from_environment({**SAFE, "LMS_SMTP_URL": url, "LMS_MAIL_FROM": "lms@example.org"}).mail
    assert found
    assert (found.host, found.port, found.encryption, found.sender) == (host, port, encryption, "lms@example.org")


@pytest.mark.parametrize(
    "sender",
    [
        "lms",
        "LMS <lms@example.org",
        "a@example.org, b@example.org",
        "a@example.org\nBcc: b@example.org",
        "lms@localhost",
    ],
)
def test_mail_needs_a_sender_that_is_one(sender: str) -> None:
    found = {**SAFE, "LMS_SMTP_URL": "smtp://relay"}
    missing = "LMS_MAIL_FROM is missing: LMS_SMTP_URL needs a sender, such as LMS <lms@example.org>"
    assert problems(found) == [missing]
    wrong = f"LMS_MAIL_FROM must look like LMS <lms@example.org>, not {sender!r}"
    assert problems({**found, "LMS_MAIL_FROM": sender}) == [wrong]


def test_without_a_key_each_process_has_one_that_nobody_knows() -> None:
    store = from_environment(SAFE).store
    one, other = (
        Settings(database_url="sqlite:////lms", store=store, public_url="https://lms.example.org") for _ in range(2)
    )
    assert one.secret_key != other.secret_key
    assert len(one.secret_key) >= 32


def test_everything_wrong_is_said_at_once() -> None:
    assert problems({"LMS_DATABASE_URL": "mysql://db/lms", "LMS_STORE_BUCKET": "lms-media", "LMS_PORT": "http"}) == [
        "LMS_DATABASE_URL must start with postgresql:// or sqlite:////",
        "LMS_STORE_URL is missing: address at which the server reaches the S3 store, such as http://store:8333",
        "LMS_STORE_ACCESS_KEY is missing: access key of the store",
        "LMS_STORE_SECRET_KEY is missing: secret key of the store, at least 16 characters",
        "LMS_PUBLIC_URL is missing: https address that people use, without a path",
        "LMS_PORT must be a whole number from 1 to 65535, not 'http'",
        "LMS_SECRET_KEY is missing: at least 32 random characters, from which the secrets of webhooks are derived",
    ]


def test_secrets_may_stand_in_files(tmp_path: Path) -> None:
    named = ("LMS_DATABASE_URL", "LMS_STORE_ACCESS_KEY", "LMS_STORE_SECRET_KEY", "LMS_SECRET_KEY")
    environment = {name: value for name, value in SAFE.items() if name not in named}
    for name in named:
        (tmp_path / name).write_text(f"{SAFE[name]}\n")
        environment[f"{name}_FILE"] = str(tmp_path / name)
    assert from_environment(environment) == from_environment(SAFE)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    (tmp_path / "empty").touch()
    environment = {
        **SAFE,
        "LMS_DATABASE_URL": "",
        "LMS_DATABASE_URL_FILE": str(tmp_path / "nowhere"),
        "LMS_STORE_ACCESS_KEY": "",
        "LMS_STORE_ACCESS_KEY_FILE": str(tmp_path / "empty"),
        "LMS_STORE_SECRET_KEY": "",
        "LMS_STORE_SECRET_KEY_FILE": str(tmp_path / "secret"),
    }
    assert problems(environment) == [
        "LMS_DATABASE_URL_FILE cannot be read: No such file or directory",
        "LMS_STORE_ACCESS_KEY is missing: access key of the store",
        "LMS_STORE_SECRET_KEY_FILE cannot be read: it is no text",
    ]


def test_the_documented_settings_are_those_that_are_read() -> None:
    read: set[str] = set()

    class Noting(dict[str, str]):
        def get(self, name: str, default: Any = None) -> Any:
            read.add(name)
            return super().get(name, default)

    from_environment(Noting(SAFE))
    assert {name for name in read if not name.endswith("_FILE")} == {
        name for name, _, _ in documented() if not name.endswith("_FILE")
    }
