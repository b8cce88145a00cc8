"""What goes wrong on the side of the client."""

from __future__ import annotations

__all__ = ["ClientError", "Passing"]


class ClientError(Exception):
    """Something the person at the keyboard has to know; its text says it in full sentences.

    `status` is the HTTP status if a server refused.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


class Passing(ClientError):
    """A failure that another try may not meet, not before `rest` seconds are over if the server asked for that."""

    def __init__(self, message: str, status: int | None = None, rest: float = 0) -> None:
        super().__init__(message, status)
        self.rest = rest
