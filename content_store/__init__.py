"""Objects in an S3-compatible store: uploads in parts, signed addresses, and a store of our own.

`interface` says what a store can do and how it fails, `s3` does it over HTTP, and `local` runs a store as a
child process, so that development and small installations need no other service. `memory` keeps the same
promises without a server, for tests.
"""

from content_store.interface import (
    ArrivedPart,
    CompletedPart,
    ContentStore,
    ObjectInfo,
    OpenUpload,
    PartAddress,
    StoredObject,
    StoreError,
    StoreRefused,
    StoreSettings,
    StoreUnavailable,
    StoreUnsafe,
    UnknownObject,
    UnknownUpload,
    UploadRefused,
)

__all__ = [
    "ArrivedPart",
    "CompletedPart",
    "ContentStore",
    "ObjectInfo",
    "OpenUpload",
    "PartAddress",
    "StoreError",
    "StoreRefused",
    "StoreSettings",
    "StoreUnavailable",
    "StoreUnsafe",
    "StoredObject",
    "UnknownObject",
    "UnknownUpload",
    "UploadRefused",
]
