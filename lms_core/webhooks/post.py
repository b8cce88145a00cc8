"""Sending a body to an address that somebody else has named."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from ssl import SSLContext

import httpx

from lms_core.webhooks.addresses import host_of, parse, resolve

STEP_LIMITS = httpx.Timeout(10.0, connect=5.0)
"""Seconds for connecting to each address, for sending and for waiting for the answer."""


async def post(url: str, headers: Mapping[str, str], body: bytes, allowed: Collection[str], tls: SSLContext) -> int:
    """POST a body and return the status of the answer; redirects are not followed and bodies not read.

    The addresses that were checked are tried in their order until one takes the connection; TLS greets and verifies
    the name. Raises addresses.Refused, OSError (no such name) and httpx.HTTPError.
    """
    target = parse(url, allowed)
    headers = {**headers, "Host": target.netloc.decode()}
    nobody: Exception = OSError("the name leads to no address")
    # no proxy of the environment: it would resolve the name again
    async with httpx.AsyncClient(verify=tls, trust_env=False, timeout=STEP_LIMITS) as client:
        for address in await resolve(target, allowed):
            request = client.build_request(
                "POST",
                target.copy_with(host=address),
                headers=headers,
                content=body,
                extensions={"sni_hostname": host_of(target)},
            )
            try:
                answer = await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                nobody = error
                continue
            await answer.aclose()
            return answer.status_code
    raise nobody
