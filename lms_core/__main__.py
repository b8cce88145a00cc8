"""Starts `lms`, also as python -m lms_core."""

from __future__ import annotations

from lms_core.processes import quick_imports


def main() -> None:
    """Run the command line."""
    with quick_imports():
        from lms_core import cli
    cli.main(prog_name="lms")


if __name__ == "__main__":
    main()
