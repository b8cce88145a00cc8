"""Addresses that carry their own permission (AWS Signature 4), also over headers.

The SDK signs the host alone, and what is not signed is optional; hence its private functions here.
"""

from __future__ import annotations

from datetime import timedelta

from minio import Minio
from minio import time as clock
from minio.signer import _get_canonical_request_hash, _get_signature, _get_signing_key, _get_string_to_sign

from content_store.interface import StoreSettings

__all__ = ["presigned"]


def presigned(
    client: Minio,
    settings: StoreSettings,
    method: str,
    key: str,
    expires: timedelta,
    query: dict[str, str],
    headers: dict[str, str],
) -> str:
    """Sign an address at the client's host for a request with exactly these query parameters and headers.

    Raises ValueError unless it expires after 1 second to 7 days.
    """
    if not timedelta(seconds=1) <= expires <= timedelta(days=7):
        raise ValueError("An address expires after 1 second to 7 days.")
    now = clock.utcnow()
    scope = f"{now:%Y%m%d}/{settings.region}/s3/aws4_request"
    url = client._base_url.build(
        method=method,
        region=settings.region,
        bucket_name=settings.bucket,
        object_name=key,
        query_params={
            **query,
            "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
            "X-Amz-Credential": f"{settings.access_key}/{scope}",
            "X-Amz-Date": f"{now:%Y%m%dT%H%M%SZ}",
            "X-Amz-Expires": str(int(expires.total_seconds())),
            "X-Amz-SignedHeaders": ";".join(sorted(name.lower() for name in ("host", *headers))),
        },
    )
    request, _ = _get_canonical_request_hash(method, url, {"host": url.netloc, **headers}, "UNSIGNED-PAYLOAD")
    signing_key = _get_signing_key(settings.secret_key, now, settings.region, "s3")
    signature = _get_signature(signing_key, _get_string_to_sign(now, scope, request))
    return f"{url.geturl()}&X-Amz-Signature={signature}"
