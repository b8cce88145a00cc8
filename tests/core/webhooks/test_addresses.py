"""Where events may be sent: to the public internet, and to what the operator has named; nowhere else."""

from __future__ import annotations

import socket
import ssl
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import trustme

from lms_core.webhooks import addresses
from lms_core.webhooks.addresses import Refused, is_public, parse
from lms_core.webhooks.post import post
from tests.support.receiver import receiver

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PRIVATE = "must not lead to a private, local or reserved address"
FORM = "must look like https://host/path, the host in ASCII"
NOTHING = ssl.create_default_context()

NOT_PUBLIC = [
    "0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "169.254.169.254", "172.16.0.1", "192.0.0.1", "192.0.2.1",
    "192.88.99.1", "192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.1.1", "240.0.0.1",
    "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1",
    "64:ff9b::808:808", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "2002:7f00:1::", "2002:808:808::",
    "fc00::1", "fd12::1", "fe80::1", "fec0::1", "ff02::1", "fe80::1%1",
]  # fmt: skip


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_an_address_that_is_not_of_the_public_internet(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "193.0.14.129", "2606:4700::1111", "2a00:1450:4001::5e"])
def test_an_address_of_the_public_internet(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "127.1", "0", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001", "10.1",
        "169.254.169.254", "0xA9FEA9FE", "[::1]", "[::]", "[0:0:0:0:0:0:0:1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]",
        "[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[fe80::1]",
    ],
)  # fmt: skip
def test_addresses_in_any_spelling_are_refused_before_anything_is_kept(host: str) -> None:
    with pytest.raises(Refused, match=f"^{PRIVATE}$"):
        parse(f"https://{host}/hook", ())


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://hooks.example.org/", "must begin with https://"),
        ("http://8.8.8.8/", "must begin with https://"),
        ("ftp://hooks.example.org/", FORM),
        ("file:///etc/passwd", FORM),
        ("hooks.example.org", FORM),
        ("https:///hook", FORM),
        ("https://hooks.example.org:0/", "must name a port from 1 to 65535, or none"),
        ("https://hooks.example.org:99999/", "must name a port from 1 to 65535, or none"),
        ("https://hooks.example.org:http/", FORM),
        ("https://hooks..example.org/", FORM),
        ("https://hooks.example.org./", FORM),
        ("https://%31%32%37.0.0.1/", FORM),
        ("https://0177.0.0.1/", FORM),
        ("https://[fe80::1%25eth0]/", PRIVATE),
        ("https://[::1/", FORM),
        (f"https://{'x' * 64}.example.org/", FORM),
        (
            "https://user@hooks.example.org/",
            "must hold no user or password; verify the signature of each delivery instead",
        ),
        (
            "https://hooks.example.org\\@127.0.0.1/",
            "must hold no user or password; verify the signature of each delivery instead",
        ),
        ("https://hooks.example.org/#part", "must hold no #fragment, for it is never sent"),
    ],
)
def test_what_is_no_address_for_events_says_what_would_be(url: str, reason: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(url, ())
    assert str(refused.value) == reason


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.org/a?b=c",
        "https://hooks.example.org:8443",
        "https://8.8.8.8/",
        "https://xn--mller-kva.de/",
    ],
)
def test_what_may_be_named(url: str) -> None:
    assert str(parse(url, ())) in {url, f"{url}/"}


@pytest.mark.parametrize("url", ["http://hooks/", "http://HOOKS:8443/", "http://127.0.0.1:9000/"])
def test_the_operator_may_name_receivers_on_private_addresses(url: str) -> None:
    parse(url, ("hooks", "127.0.0.1"))
    with pytest.raises(Refused):
        parse(url, ("other",))


@pytest.fixture
def resolver(monkeypatch: pytest.MonkeyPatch) -> Callable[..., list[str]]:
    """Answer each question for hooks.example.org with the next of these answers; return the questions asked."""

    def install(*answers: list[str]) -> list[str]:
        asked: list[str] = []
        real = socket.getaddrinfo

        def getaddrinfo(host: Any, port: Any, *rest: Any, **named: Any) -> Any:
            if host != "hooks.example.org":
                return real(host, port, *rest, **named)
            found = answers[min(len(asked), len(answers) - 1)]
            asked.append(host)
            family = {4: socket.AF_INET, 6: socket.AF_INET6}
            return [
                (family[ip_address(address).version], socket.SOCK_STREAM, 6, "", (address, port or 0))
                for address in found
            ]

        monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
        return asked

    return install


async def send(url: str, allowed: tuple[str, ...] = (), tls: ssl.SSLContext = NOTHING) -> int:
    return await post(url, {"Content-Type": "text/plain"}, b"hello", allowed, tls)


@pytest.mark.parametrize("private", ["127.0.0.1", "::1", "::ffff:127.0.0.1", "169.254.169.254"])
async def test_a_name_that_leads_to_one_private_address_among_others_is_refused(
    private: str, resolver: Callable[..., list[str]]
) -> None:
    for answer in (["93.184.215.14", private], [private, "93.184.215.14"]):
        resolver(answer)
        with pytest.raises(Refused, match=r"^hooks\.example\.org leads to a private, local or reserved address$"):
            await send("https://hooks.example.org/")


async def test_spellings_that_only_the_resolver_knows_are_refused_as_well() -> None:
    with pytest.raises(Refused, match=r"^localhost leads to"):
        await send("https://localhost/")


@pytest.fixture
def loopback_is_public(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let 127.0.0.1 stand for a public address, and the rest of its network for private ones."""
    monkeypatch.setattr(addresses, "is_public", lambda address: str(address) == "127.0.0.1")


@pytest.fixture
def certificates(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """What a server that is hooks.example.org needs, and a client that trusts it."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("hooks.example.org").configure_cert(server)
    return server, ssl.create_default_context(cafile=str(tmp_path / "authority.pem"))


@pytest.mark.usefixtures("loopback_is_public")
async def test_the_address_that_was_checked_is_the_one_that_is_reached(
    resolver: Callable[..., list[str]], certificates: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    """The name leads elsewhere when it is asked for a second time: to a server that trusts whoever reaches it."""
    server_tls, client_tls = certificates
    async with receiver(server_tls) as public, receiver(server_tls, "127.0.0.2", public.port) as private:
        asked = resolver(["127.0.0.1"], ["127.0.0.2"])
        assert await send(f"https://hooks.example.org:{public.port}/a?b=c", tls=client_tls) == 204
    assert (asked, len(public.requests), private.connections) == (["hooks.example.org"], 1, 0)
    assert public.requests[0].line == "POST /a?b=c HTTP/1.1"
    assert public.requests[0].headers["host"] == f"hooks.example.org:{public.port}"
    assert public.requests[0].body == b"hello"


@pytest.mark.usefixtures("loopback_is_public")
async def test_a_server_that_cannot_prove_its_name_is_told_nothing(
    resolver: Callable[..., list[str]], certificates: tuple[ssl.SSLContext, ssl.SSLContext]
) -> None:
    server_tls, client_tls = certificates
    resolver(["127.0.0.1"])
    async with receiver(server_tls) as other:
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await send(f"https://hooks.example.org:{other.port}/")  # an authority that nobody trusts
        with pytest.raises(httpx.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
            await send(f"https://127.0.0.1:{other.port}/", ("127.0.0.1",), client_tls)  # another name
    assert other.requests == []


@pytest.mark.usefixtures("loopback_is_public")
async def test_of_several_addresses_the_next_is_tried(
    resolver: Callable[..., list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda _address: True)
    resolver(["127.0.0.3", "127.0.0.1"])
    async with receiver() as public:
        url = f"http://hooks.example.org:{public.port}/"
        assert await send(url, ("hooks.example.org",)) == 204
    with pytest.raises(httpx.ConnectError):
        await send(url, ("hooks.example.org",))


async def test_a_redirect_is_an_answer_and_not_followed() -> None:
    async with receiver() as public, receiver() as private:
        location = f"http://127.0.0.1:{private.port}/".encode()
        public.answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"
        assert await send(f"http://127.0.0.1:{public.port}/", ("127.0.0.1",)) == 307
    assert (len(public.requests), private.connections) == (1, 0)


async def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    async with receiver() as public, receiver() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.setenv("ALL_PROXY", f"http://127.0.0.1:{proxy.port}")
        monkeypatch.delenv("no_proxy", raising=False)
        assert await send(f"http://127.0.0.1:{public.port}/", ("127.0.0.1",)) == 204
    assert proxy.connections == 0


async def test_an_endless_answer_is_not_listened_to() -> None:
    async with receiver() as public:
        public.answer, public.endless = b"HTTP/1.1 200 OK\r\nContent-Length: 9999999999\r\n\r\n", True
        assert await send(f"http://127.0.0.1:{public.port}/", ("127.0.0.1",)) == 200


async def test_endless_headers_are_not_listened_to() -> None:
    async with receiver() as public:
        public.answer, public.endless = b"HTTP/1.1 200 OK\r\nX: ", True
        with pytest.raises(httpx.RemoteProtocolError):
            await send(f"http://127.0.0.1:{public.port}/", ("127.0.0.1",))
