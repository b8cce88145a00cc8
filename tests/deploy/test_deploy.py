"""What deploy/ holds is well-formed, agrees with itself and the code's settings, and its proxy keeps its promises."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import shutil
import subprocess
import sys
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest
from lms_family_sessions.sealing import KEYS, ready
from msgspec.structs import replace
from ruamel.yaml import YAML

from content_store import CompletedPart, StoreSettings
from content_store.s3 import S3Store
from lms_core.settings import Settings, documented, from_environment
from tests.support.objectstore import fresh_bucket
from tests.support.processes import free_port

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = DEPLOY / "systemd"
SERVICES = ("lms-migrate.service", "lms-serve.service", "lms-worker.service")
COMPOSE = YAML(typ="safe").load(DEPLOY / "compose.yaml")

OF_PLUGINS = {KEYS, f"{KEYS}_FILE"}

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is missing; it comes with Debian's systemd"
)


def tool(name: str) -> str:
    """Find a program in the environment of this interpreter, or skip."""
    found = shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)
    return found or pytest.skip(f"{name} is missing from the development environment")


def run(*command: str | Path) -> tuple[int, str]:
    """Run a command to its end: its exit code and all it printed."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.returncode, done.stdout


def assignments(path: Path) -> dict[str, str]:
    """Read the NAME=value lines of a file of environment variables."""
    return dict(re.findall(r"^#?([A-Z_]+)=(.*)$", path.read_text(), re.MULTILINE))


def make_secrets(folder: Path) -> dict[str, str]:
    """Run make-secrets.sh and read what it wrote."""
    assert run(DEPLOY / "make-secrets.sh", folder) == (0, "")
    return {path.name: path.read_text() for path in folder.iterdir()}


# Form


def test_the_compose_file_follows_the_compose_specification() -> None:
    check = tool("check-jsonschema")
    assert run(check, "--builtin-schema", "vendor.compose-spec", DEPLOY / "compose.yaml")[0] == 0


def test_nothing_in_the_image_file_is_worth_a_warning() -> None:
    assert run(tool("hadolint"), DEPLOY / "Containerfile") == (0, "")


@needs_systemd
def test_systemd_has_nothing_to_say_about_the_units(tmp_path: Path) -> None:
    units = shutil.copytree(UNITS, tmp_path / "units")
    for name in SERVICES:  # systemd wants the program to exist, and this machine need not have lms installed
        text = (units / name).read_text()
        assert text.count("/usr/local/bin/lms ") == 1
        (units / name).write_text(text.replace("/usr/local/bin/lms", sys.executable))
    assert run("systemd-analyze", "verify", "--man=no", *(units / name for name in SERVICES)) == (0, "")


@needs_systemd
@pytest.mark.parametrize("name", SERVICES)
def test_the_units_are_shut_in(name: str) -> None:
    score = run("systemd-analyze", "security", "--offline=true", "--no-pager", "--threshold=20", UNITS / name)
    assert score[0] == 0, score[1]


# Agreement


def test_the_settings_named_are_those_that_the_code_reads() -> None:
    page = (DEPLOY / "README.md").read_text()
    rows = re.findall(r"^\| `(LMS_\w+)` \| (.+) \| (.+) \|$", page, re.MULTILINE)
    of_core = [(name, default.strip("`"), meaning) for name, default, meaning in rows if name not in OF_PLUGINS]
    assert of_core == documented()
    assert {name for name, *_ in rows} - {name for name, *_ in of_core} == OF_PLUGINS
    files = [path for path in DEPLOY.rglob("*") if path.is_file() and path.parent.name != "secrets"]
    used = {name for path in files for name in re.findall(r"\bLMS_[A-Z_]+", path.read_text())}
    assert used == {name for name, _, _ in documented()} | OF_PLUGINS


def test_secrets_are_random_fit_together_and_are_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    first, second = make_secrets(folder), make_secrets(tmp_path / "others")
    assert set(first) == {Path(secret["file"]).name for secret in COMPOSE["secrets"].values()}
    assert set(first.values()) & set(second.values()) == {""}  # no mail server yet
    assert first["database_url"] == f"postgresql://lms:{first['database_password']}@postgres:5432/lms"
    identity = json.loads(first["store_identities"])["identities"][0]
    assert identity["credentials"] == [{"accessKey": first["store_access_key"], "secretKey": first["store_secret_key"]}]
    assert folder.stat().st_mode & 0o777 == 0o700
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(KEYS, raising=False)
        patch.setenv(f"{KEYS}_FILE", str(folder / "family_keys"))
        assert ready(), "the key seals"

    assert run(DEPLOY / "make-secrets.sh", folder)[0] != 0
    assert {path.name: path.read_text() for path in folder.iterdir()} == first


@pytest.mark.parametrize("service", ["app-1", "app-2", "migrate", "worker"])
def test_the_containers_get_complete_and_safe_settings(service: str, tmp_path: Path) -> None:
    secrets = make_secrets(tmp_path / "secrets")
    given = {"SITE_HOST": "lms.example.org", "MEDIA_HOST": "media.example.org"}

    def fill(match: re.Match[str]) -> str:
        return given.get(match["name"], match["default"] or "")

    environ = dict(re.findall(r"\b(LMS_\w+)=(\S+)", (DEPLOY / "Containerfile").read_text()))
    for name, value in COMPOSE["services"][service]["environment"].items():
        filled = re.sub(r"\$\{(?P<name>\w+)(:-(?P<default>[^}]*)|:\?[^}]*)}", fill, value)
        environ[name] = filled.replace("/run/secrets", str(tmp_path / "secrets"))
    store = StoreSettings(
        url="http://store:8333",
        access_key=secrets["store_access_key"],
        secret_key=secrets["store_secret_key"],
        bucket="lms-media",
        region="us-east-1",
        public_url="https://media.example.org",
    )
    assert from_environment(environ) == Settings(
        database_url=secrets["database_url"],
        store=store,
        public_url="https://lms.example.org",
        host="0.0.0.0",
        secret_key=secrets["secret_key"],
    )
    proxy = COMPOSE["services"]["proxy"]["environment"]
    servers = " ".join(f"{name}:8000" for name in COMPOSE["services"] if name.startswith("app-"))
    assert (proxy["APP_SERVERS"], proxy["STORE_BUCKET"]) == (servers, store.bucket)


def test_the_units_get_complete_and_safe_settings(tmp_path: Path) -> None:
    folder = tmp_path / "secrets"
    secrets = make_secrets(folder)
    common = (UNITS / "lms-.service.d" / "common.conf").read_text()
    environ = assignments(UNITS / "lms.env.example")
    for name, credential in re.findall(r"^Environment=(\w+)=%d/(\w+)$", common, re.MULTILINE):
        assert f"\nLoadCredential={credential}:/etc/lms/credentials/{credential}\n" in common
        environ[name] = str(folder / credential)
    found = from_environment(environ)
    assert (found.database_url, found.store.secret_key, found.secret_key, found.workers) == (
        secrets["database_url"],
        secrets["store_secret_key"],
        secrets["secret_key"],
        2,
    )
    assert found.store.bucket == environ["STORE_BUCKET"]


# The proxy, running, without TLS and on a port of its own


def without_tls(environ: dict[str, str], port: int) -> bytes:
    """Translate the Caddyfile into Caddy's own language, for plain HTTP on one port."""
    command = (tool("caddy"), "adapt", "--config", str(DEPLOY / "Caddyfile"))
    config = json.loads(subprocess.run(command, env=environ, capture_output=True, check=True).stdout)
    (server,) = config["apps"]["http"]["servers"].values()
    server |= {"listen": [f"127.0.0.1:{port}"], "automatic_https": {"disable": True}}
    del config["apps"]["tls"]
    return json.dumps({**config, "admin": {"disabled": True}}).encode()


@asynccontextmanager
async def proxy(home: Path, **settings: str) -> AsyncIterator[httpx.AsyncClient]:
    """Run the Caddyfile and yield a client whose requests all go to the proxy, whatever host they name."""
    port = free_port()
    environ = {**assignments(UNITS / "lms.env.example"), "HOME": str(home), "STORE_BUCKET": "media", **settings}
    file = home / "caddy.json"
    file.write_bytes(without_tls(environ, port))
    process = await asyncio.create_subprocess_exec(tool("caddy"), "run", "--config", file, env=environ)
    try:
        transport = httpx.AsyncHTTPTransport(retries=8)  # while it starts
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", transport=transport, timeout=30) as client:
            await client.get("/", headers={"Host": "nobody.example.org"})
            yield client
    finally:
        process.terminate()
        await process.wait()


class Backend:
    """An HTTP server that tells its name, remembers what heads it got, and notes when a body begins."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.heads: list[str] = []
        self.body_begun = asyncio.Event()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        length = re.search(r"^Content-Length: (\d+)", head, re.MULTILINE)
        if length:
            first = await reader.read(1)
            self.body_begun.set()
            await reader.readexactly(int(length[1]) - len(first))
        body = self.name.encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))
        await writer.drain()
        writer.close()

    async def start(self) -> tuple[asyncio.Server, str]:
        """Listen; return the server and its address."""
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        return server, f"127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def test_two_servers_share_the_work_and_nobody_notices_when_one_ends(tmp_path: Path) -> None:
    (one, one_at), (two, two_at) = [await Backend(name).start() for name in ("one", "two")]
    async with proxy(tmp_path, APP_SERVERS=f"{one_at} {two_at}") as client:

        async def ask() -> list[tuple[int, str]]:
            host = {"Host": "lms.example.org"}
            answers = await asyncio.gather(*(client.post("/", headers=host, content=b"x") for _ in range(40)))
            return sorted({(answer.status_code, answer.text) for answer in answers})

        assert await ask() == [(200, "one"), (200, "two")]
        one.close()
        await one.wait_closed()
        assert await ask() == [(200, "two")]
        two.close()


async def test_an_upload_flows_to_the_store_while_it_is_sent(tmp_path: Path) -> None:
    store = Backend("store")
    server, address = await store.start()
    async with proxy(tmp_path, STORE_SERVER=address) as client:

        async def body() -> AsyncIterator[bytes]:
            yield bytes(1 << 20)
            async with asyncio.timeout(20):
                await store.body_begun.wait()
            yield bytes(1 << 20)

        path = "/media/a%2Fb%20c.mp4?X-Amz-Signature=0f&partNumber=1"
        headers = {"Host": "media.example.org", "Content-Length": str(2 << 20)}
        assert (await client.put(path, headers=headers, content=body())).text == "store"
        request, *lines = store.heads[0].splitlines()
        assert (request, lines[0]) == (f"PUT {path} HTTP/1.1", "Host: media.example.org")

        other = await client.get("/other/a", headers={"Host": "media.example.org"})
        assert (other.status_code, len(store.heads)) == (404, 1)
    server.close()


async def test_a_signed_address_is_good_at_the_proxy(tmp_path: Path, store_server: StoreSettings) -> None:
    data = b"a film" * 1000
    sha256 = hashlib.sha256(data).hexdigest()
    async with fresh_bucket(store_server) as bucket:
        store = S3Store(replace(bucket, public_url="http://media.example.org"))
        upload = await store.start_upload("film", "video/mp4")
        (part,) = await store.part_addresses("film", upload, [(1, sha256, len(data))], timedelta(minutes=5))
        at_store = bucket.url.removeprefix("http://")
        async with proxy(tmp_path, STORE_SERVER=at_store, STORE_BUCKET=bucket.bucket) as client:
            path = part.url.removeprefix("http://media.example.org")
            headers = {**part.headers, "Host": "media.example.org"}
            sent = [await client.put(path, headers=headers, content=content) for content in (data.upper(), data)]
        assert [answer.status_code for answer in sent] == [400, 200]
        (arrived,) = await store.arrived_parts("film", upload)
        whole = await store.complete_upload("film", upload, [CompletedPart(1, arrived.etag, sha256)])
        await store.close()
    assert whole.size == len(data)


def test_the_proxy_has_one_style() -> None:
    assert run(tool("caddy"), "fmt", "--diff", DEPLOY / "Caddyfile")[0] == 0
