"""Running the programs that look into films and PDFs, kept on a short lead: what they read was made by strangers."""

from __future__ import annotations

import asyncio
import os
import resource
import shutil
import signal
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from tempfile import gettempdir

from content_store import ContentStore

__all__ = ["NoRoom", "ToolFailed", "ToolMissing", "fetch", "missing", "read_film", "room_for", "run"]

PACKAGES = {"ffprobe": "ffmpeg", "ffmpeg": "ffmpeg", "pdfinfo": "poppler-utils", "pdftotext": "poppler-utils"}
"""The programs, and the package of Debian that brings each."""

# Formats that hold all they need. Playlists and manifests (HLS, DASH, concat) would have other addresses fetched.
DEMUXERS = "mov,matroska,ogg,mp3,wav,flac,aac,avi,mpegts,mpeg,asf,flv"

MEMORY = 2 << 30
NICE = 10
_slots = asyncio.Semaphore(2)  # at once in a process: the machine has other things to do


class ToolMissing(Exception):
    """A program is not installed on this machine; the message names its package."""


class ToolFailed(Exception):
    """A program could not do it; the message is the last line of its complaint."""


class NoRoom(Exception):
    """There is not enough room on this machine's disk; the message has the figures."""


def missing() -> dict[str, str]:
    """Return the programs that this machine does not have, with the package of each."""
    return {tool: package for tool, package in PACKAGES.items() if shutil.which(tool) is None}


def room_for(size: int) -> None:
    """Make sure that the folder for temporary files has room for `size` bytes, and a tenth more.

    Raises NoRoom.
    """
    free, needed = shutil.disk_usage(gettempdir()).free, size * 11 // 10
    if free < needed:
        raise NoRoom(f"the worker needs {needed} bytes for a while in {gettempdir()}, where {free} are free")


async def fetch(store: ContentStore, key: str, path: Path) -> None:
    """Copy an object to this machine's disk. Raises StoreError."""
    with await asyncio.to_thread(path.open, "wb") as file:
        async for chunk in store.read(key):
            await asyncio.to_thread(file.write, chunk)


def read_film(where: str) -> list[str]:
    """Return the arguments by which ffprobe and ffmpeg read a file, at a signed address or a path, and nothing else."""
    protocols = "http,https,tcp,tls" if "://" in where else "file"
    verify = ["-tls_verify", "1"] if where.startswith("https:") else []  # they trust everybody unless told not to
    return [
        "-protocol_whitelist", protocols, "-format_whitelist", DEMUXERS, "-rw_timeout", "30000000", *verify,
        "-i", where,
    ]  # fmt: skip


async def run(words: Sequence[str], seconds: float, most: int = 1 << 20) -> bytes:
    """Run a program, at most `seconds` long, and return what it wrote, at most `most` bytes.

    It ends with everything it started, also when the caller is cancelled. Raises ToolMissing and ToolFailed.
    """
    async with _slots:
        starting = asyncio.ensure_future(_start(words))
        try:
            await asyncio.wait({starting})  # cancelled itself in the middle of a start, it might never end
            process = starting.result()
            async with asyncio.timeout(seconds):
                output, complaint = await asyncio.gather(_all(process, most), _end(process.stderr))
                code = await process.wait()
        except TimeoutError:
            raise ToolFailed(f"{words[0]} was not done after {seconds:.0f} seconds") from None
        finally:
            await _finish(starting)
    if len(output) > most:
        raise ToolFailed(f"what was found is longer than {most} bytes")
    if code:
        raise ToolFailed(f"{words[0]}: {complaint or f'ended with {code}'}")
    return output


async def _finish(starting: asyncio.Future[asyncio.subprocess.Process]) -> None:
    """End a program with everything it started, if it could be started and has not ended."""
    await asyncio.wait({starting})
    if starting.exception() is None:
        process = starting.result()
        if process.returncode is None:
            _kill_all(process)
        await process.communicate()  # without reading what is left, asyncio may not notice the end of a process


def _kill_all(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)


async def _start(words: Sequence[str]) -> asyncio.subprocess.Process:
    pipe, nothing = asyncio.subprocess.PIPE, asyncio.subprocess.DEVNULL
    # of our environment only what it needs: there are secrets in it, and proxies
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C.UTF-8"}
    try:
        process = await asyncio.create_subprocess_exec(
            *words, stdin=nothing, stdout=pipe, stderr=pipe, env=environment, start_new_session=True
        )
    except FileNotFoundError:
        why = f"{words[0]} is not installed where the worker runs: install the package {PACKAGES[words[0]]}"
        raise ToolMissing(why) from None
    with suppress(ProcessLookupError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
        if hasattr(resource, "prlimit"):  # only Linux limits others than oneself
            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
    return process


async def _all(process: asyncio.subprocess.Process, most: int) -> bytes:
    """Read until the end; a program that writes more than `most` bytes is ended, and more than that returned."""
    assert process.stdout is not None
    found = bytearray()
    while chunk := await process.stdout.read(1 << 16):
        if len(found) <= most:
            found += chunk
            if len(found) > most:
                _kill_all(process)
    return bytes(found)


async def _end(stream: asyncio.StreamReader | None) -> str:
    """Read until the end and return the last line, without the address and the place in memory it may name."""
    assert stream is not None
    last = b""
    while chunk := await stream.read(1 << 12):
        last = (last + chunk)[-2000:]
    lines = last.decode(errors="replace").replace("\0", "").strip().splitlines()
    return lines[-1].rpartition(": ")[2][:200] if lines else ""
