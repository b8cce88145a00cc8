"""Ends a process whose event loop does not turn any more.

Code of a plugin that never awaits cannot be stopped from within. So the process ends as a whole, after it has written
where it hangs; whoever supervises it starts another one.
"""

from __future__ import annotations

import asyncio
import faulthandler
import sys

LIMIT = 20.0
"""Seconds that the event loop may stand still."""

_tasks: set[asyncio.Task[None]] = set()


async def watch() -> None:
    """Have this process end, with every thread's traceback on standard error, once its event loop stands still.

    It is watched until `leave_alone`, so also while its last tasks are cancelled: one that will not end is ended.
    """
    task = asyncio.create_task(_rearm())
    _tasks.add(task)


def leave_alone() -> None:
    """Stop watching; for what follows after the event loop."""
    faulthandler.cancel_dump_traceback_later()


async def _rearm() -> None:
    while True:
        faulthandler.dump_traceback_later(LIMIT, exit=True, file=sys.__stderr__ or sys.stderr)
        await asyncio.sleep(1)
