"""Every hook of the system, with its policy.

DECIDE  a failing or late implementation refuses the operation with 503 naming the plugin: closed, never open.
REACT   runs after commit, from the outbox; retried until it succeeds, so handlers must be idempotent.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Any, TypeVar

import pluggy

from lms_core.hooks.plugin import Context
from lms_core.hooks.types import EnrolmentCreated, EnrolmentRequest, Objection, SessionPlan, SessionRemark

F = TypeVar("F", bound=Callable[..., Any])


class Policy(StrEnum):
    """What a failure of an implementation means."""

    DECIDE = "decide"
    REACT = "react"


def hook(policy: Policy) -> Callable[[F], F]:
    """Mark a function of `HookSpecs` as a hook with its policy."""

    def mark(function: F) -> F:
        function.policy = policy  # type: ignore[attr-defined]
        return pluggy.HookspecMarker("lms")(function)

    return mark


class HookSpecs:
    """The hooks. An implementation has the same name, is async and takes the same arguments.

    These bodies are never called; only implementations are.
    """

    @hook(Policy.DECIDE)
    async def check_enrolment(self, context: Context, enrolment: EnrolmentRequest) -> list[Objection]:
        """Say what speaks against this enrolment; an empty list means nothing does.

        Asked before a person gets a seat or a waiting place in a run, of the plugins of the programme under
        which the enrolment counts. Any objection refuses it with 409 and is shown to the person. Withdrawing is
        never asked about.
        """
        raise NotImplementedError

    @hook(Policy.DECIDE)
    async def check_session(self, context: Context, session: SessionPlan) -> list[SessionRemark]:
        """Say what is to be said about a session that somebody plans or replans; an empty list means nothing.

        Asked of the plugins of the programme that owns the run. A remark that blocks refuses the plan with 409,
        one that warns is shown to the planner with the answer.
        """
        raise NotImplementedError

    @hook(Policy.REACT)
    async def enrolment_created(self, context: Context, event: EnrolmentCreated) -> None:
        """React to a person's new seat or waiting place; runs after it is certain, at least once."""
        raise NotImplementedError
