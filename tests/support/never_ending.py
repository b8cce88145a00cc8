"""A process with a plugin that goes on whatever happens; it says so when it is over: python -m tests.support.never_ending."""

import asyncio
from typing import Any

from lms_core.api import Context
from lms_core.hooks import dispatch, rounds
from tests.support.dispatching import CREDITS, PROGRAMME, Shows, dispatcher


async def goes_on(_context: Context, _asked: Any) -> Any:
    while True:
        try:
            await asyncio.Event().wait()
        except BaseException:
            continue


async def main() -> None:
    dispatch.TIME_LIMIT, rounds.GRACE = 0.1, 0.02
    hooks = dispatcher(Shows("goes_on", goes_on))
    await hooks.shape("progress_credits", PROGRAMME, CREDITS)
    await hooks.close()
    print(hooks.figures.all()[0].abandoned)


if __name__ == "__main__":
    asyncio.run(main())
