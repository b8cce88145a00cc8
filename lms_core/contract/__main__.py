"""Checks the plugins of a distribution in a process of its own, which they may end or leave in disorder.

python -m lms_core.contract PATH|NAME     writes a `Message` in JSON per line to what was standard output; whatever
                                          the plugins print goes to standard error
"""

from __future__ import annotations

import faulthandler
import logging
import os
import sys
from contextlib import ExitStack

from lms_core.processes import quick_imports

with quick_imports():
    import msgspec

    from lms_core.contract.levels import check
    from lms_core.contract.report import Checking, Finished, Message
    from lms_core.contract.subject import Subject
    from lms_core.contract.target import find

LONGEST_STEP = 120
"""Seconds after which a step that has not ended is ended with the whole process, and told where it was."""


def main(given: str) -> None:
    """Check everything that `given` means."""
    told = os.dup(1)
    os.dup2(2, 1)

    def tell(message: Message) -> None:
        faulthandler.dump_traceback_later(LONGEST_STEP, exit=True)
        os.write(told, msgspec.json.encode(message) + b"\n")

    logging.basicConfig(level=logging.WARNING)
    target = find(given)
    if target.root:
        sys.path.insert(0, str(target.root))
    for entry in target.entries:
        tell(Checking(entry.name))
        with ExitStack() as stack:
            for message in check(Subject(target, entry, stack)):
                tell(message)
    tell(Finished())


main(sys.argv[1])
