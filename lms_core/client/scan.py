"""What is in a course folder: its files, and what of them counts."""

from __future__ import annotations

import os
import stat
import unicodedata
from pathlib import Path

__all__ = ["is_text", "scan"]


def scan(root: Path) -> tuple[dict[str, Path], dict[str, str]]:
    """Return the files below a folder by path with slashes, and why others are left out.

    A folder that is left out as a whole ends with a slash. Links are followed to files inside only.
    """
    found: dict[str, Path] = {}
    left_out: dict[str, str] = {}

    def unreadable(error: OSError) -> None:
        left_out[f"{_path(root, Path(error.filename))}/"] = f"cannot be read: {error.strerror}"

    for folder, subfolders, files in os.walk(root, onerror=unreadable):
        for name in sorted(subfolders):
            place = Path(folder, name)
            reason = _bad_name(name) or ("a link to a folder" if place.is_symlink() else "")
            if reason:
                subfolders.remove(name)
                left_out[f"{_path(root, place)}/"] = reason
        for name in sorted(files):
            place = Path(folder, name)
            reason = _bad_name(name) or _bad_file(place, root)
            if reason:
                left_out[_path(root, place)] = reason
            else:
                found[_path(root, place)] = place
    return found, left_out


def _path(root: Path, place: Path) -> str:
    path = place.relative_to(root).as_posix()
    return "".join(char if is_text(char) else char.encode("unicode_escape").decode() for char in path)


def is_text(char: str) -> bool:
    """Tell whether a character of a name is one: no control character, nor a byte that is not UTF-8."""
    return unicodedata.category(char) not in {"Cc", "Cs"}


def _bad_name(name: str) -> str:
    if name.startswith(".") or name.lower() in {"thumbs.db", "desktop.ini"}:
        return "hidden"
    return "" if all(map(is_text, name)) else "its name is not readable text"


def _bad_file(place: Path, root: Path) -> str:
    try:
        status = place.stat()
        if place.is_symlink() and not place.resolve().is_relative_to(root.resolve()):
            return "a link out of the folder"
    except FileNotFoundError:
        return "a link to nothing"
    except OSError as error:
        return f"cannot be read: {error.strerror}"
    return "" if stat.S_ISREG(status.st_mode) else "not an ordinary file"
