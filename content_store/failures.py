"""What the SDK raises, told as the failures of a content store."""

from __future__ import annotations

from datetime import timedelta
from email.utils import parsedate_to_datetime

import urllib3
from minio import time as clock
from minio.error import InvalidResponseError, S3Error, ServerError

from content_store.interface import (
    StoreError,
    StoreRefused,
    StoreUnavailable,
    UnknownObject,
    UnknownUpload,
    UploadRefused,
)

__all__ = ["translated"]

SKEW = timedelta(minutes=15)  # as far as S3 lets clocks differ
# Any other code means that the settings are wrong.
FAILURES: dict[str, type[StoreError]] = {
    "NoSuchUpload": UnknownUpload,
    "NoSuchKey": UnknownObject,
    "InvalidPart": UploadRefused,
    "InvalidPartOrder": UploadRefused,
    "EntityTooSmall": UploadRefused,
    "EntityTooLarge": UploadRefused,
    "BadDigest": UploadRefused,
    "InvalidDigest": UploadRefused,
    "OperationAborted": StoreUnavailable,
    "RequestTimeout": StoreUnavailable,
}


def _clocks_apart(date: str) -> timedelta | None:
    """Tell how far our clock is from the one that wrote this Date header; None when near enough, or unreadable."""
    try:
        apart = abs(parsedate_to_datetime(date) - clock.utcnow())
    except (TypeError, ValueError):
        return None
    return timedelta(seconds=int(apart.total_seconds())) if apart > SKEW else None


def translated(error: Exception, url: str) -> StoreError:
    """Return the failure that fits what a call to the store at this address raised."""
    match error:
        case S3Error():
            status, code, message = error.response.status, error.code or "", error.message or ""
            if status == 403 and (apart := _clocks_apart(error.response.headers.get("date", ""))):
                return StoreRefused(
                    f"The object store at {url} refuses the request because its clock and ours are {apart} apart: "
                    "set both by a time server (NTP)."
                )
        case ServerError():
            status, code, message = error.status_code, "", str(error)
        case InvalidResponseError():
            status, code, message = error._code, "", str(error)
        case urllib3.exceptions.HTTPError():
            return StoreUnavailable(f"The object store at {url} cannot be reached or answers too late.")
        case _:
            return StoreRefused(f"What answers at {url} is no object store: {error}")
    if status >= 500:
        return StoreUnavailable(f"The object store at {url} answers with status {status}.")
    failure = FAILURES.get(code, StoreRefused)
    return failure(f"The object store at {url} refuses the request ({code or status}): {message}")
