"""The secrets of webhooks and the signatures made with them (Standard Webhooks 1.0).

Secrets are derived from the installation's key when they are needed and kept nowhere.
"""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime
from uuid import UUID


def secret(secret_key: str, webhook_id: UUID, number: int) -> bytes:
    """Derive the 32 bytes of a webhook's secret; `number` counts its secrets."""
    purpose = f"lms webhook {webhook_id} {number}"
    return hmac.digest(secret_key.encode(), purpose.encode(), hashlib.sha256)


def written(secret: bytes) -> str:
    """Write a secret as receivers configure it."""
    return f"whsec_{b64encode(secret).decode()}"


def headers(secrets: list[bytes], message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """Sign a body with each secret; a receiver is content with one that it knows."""
    timestamp = str(int(at.timestamp()))
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = [b64encode(hmac.digest(secret, signed, hashlib.sha256)).decode() for secret in secrets]
    return {
        "webhook-id": message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
