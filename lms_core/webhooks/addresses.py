"""Which addresses events may be sent to: whoever names one must not reach what only this server can reach.

A name is resolved once, every address that it leads to is checked, and exactly those are connected to: an answer
that changes between check and connection changes nothing.
"""

from __future__ import annotations

import asyncio
import re
import socket
from collections.abc import Collection
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

import httpx

_NAME = re.compile(r"([a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}")
_UNICAST = IPv6Network("2000::/3")
_RELAYS = (IPv4Network("192.88.99.0/24"), IPv6Network("2001::/32"), IPv6Network("2002::/16"))
"""6to4 and Teredo lead to IPv4 addresses, whichever those are; so do those outside of IPv6's own unicast space."""


class Refused(Exception):
    """Nothing may be sent there; the message says why and what would be right."""


def parse(url: str, allowed: Collection[str]) -> httpx.URL:
    """Read a URL and refuse what can be refused without resolving its name.

    `allowed` holds the names (lower case) of receivers that may be private and speak http. Raises Refused.
    """
    form = "must look like https://host/path, the host in ASCII"
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        raise Refused(form) from None
    host = host_of(parsed)
    literal = _literal(host)
    if parsed.scheme not in {"https", "http"} or not (literal or _NAME.fullmatch(host)):
        raise Refused(form)
    if parsed.userinfo:
        raise Refused("must hold no user or password; verify the signature of each delivery instead")
    if parsed.fragment:
        raise Refused("must hold no #fragment, for it is never sent")
    if parsed.port is not None and not 1 <= parsed.port <= 65535:
        raise Refused("must name a port from 1 to 65535, or none")
    if host in allowed:
        return parsed
    if parsed.scheme != "https":
        raise Refused("must begin with https://")
    if literal and not is_public(literal):
        raise Refused("must not lead to a private, local or reserved address")
    return parsed


def host_of(url: httpx.URL) -> str:
    """Return the host as it is resolved, greeted and verified: in lower case, an IPv6 address without brackets."""
    return url.raw_host.decode()


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an address, also in the forms that resolvers take: 127.1, 0x7f000001, 017700000001."""
    try:
        return ip_address(host)
    except ValueError:
        try:
            return IPv4Address(socket.inet_aton(host))
        except OSError:
            return None


def is_public(address: IPv4Address | IPv6Address) -> bool:
    """Tell an address of the public internet from all others, those included that stand for another address."""
    return (
        address.is_global
        and not address.is_multicast
        and not address.is_reserved
        and not any(address in relay for relay in _RELAYS)
        and (address.version == 4 or address in _UNICAST)
    )


async def resolve(url: httpx.URL, allowed: Collection[str]) -> list[str]:
    """Resolve the name of a parsed URL, once; return the addresses to connect to, in the order to try them.

    Raises Refused if any of them is not public, and OSError if there is none.
    """
    host = host_of(url)
    found = await asyncio.get_running_loop().getaddrinfo(host, None, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(info[4][0]) for info in found))
    if host not in allowed and not all(is_public(ip_address(address)) for address in addresses):
        raise Refused(f"{host} leads to a private, local or reserved address")
    return addresses
