"""What every command has to do with: its parser, and lines on standard error while it works."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from climcomp.errors import StorageError, UsageError

Options = argparse.Namespace
Say = Callable[[str], None]


class Adder(Protocol):
    """What the `add` of a command is given."""

    def command(self, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
        """A new parser for the command."""


def say_on_stderr(options: Options) -> Say:
    """Says what is being done: one changing line on a terminal, plain lines in a log.

    Silent with --quiet and --json.
    """
    if options.json or getattr(options, "quiet", False):
        return lambda text: None
    if not sys.stderr.isatty():
        return lambda text: print(text, file=sys.stderr, flush=True)

    def replace_line(text: str) -> None:
        width = os.get_terminal_size(sys.stderr.fileno()).columns - 1
        print(f"\r\x1b[K{text[:width]}", end="", file=sys.stderr, flush=True)

    return replace_line


def finish_line(options: Options) -> None:
    """Clear the changing line away before the answer is printed."""
    if sys.stderr.isatty() and not options.json:
        print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def count(text: str) -> int:
    """A number of processes as an argument."""
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"found {text!r}, wanted a number, 1 or more")
    return number


def write_file(path: Path, data: bytes, *, overwrite: bool) -> None:
    """Write a small file whole or not at all.

    Raises
    ------
    UsageError
        If it is there and is not to be overwritten.
    StorageError
        If the file system refuses.
    """
    if path.exists() and not overwrite:
        raise UsageError(f"{path} is there already: name another file, or say --overwrite")
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}")
    try:
        partial.write_bytes(data)
        partial.replace(path)
    except OSError as err:
        raise StorageError(
            f"{path} cannot be written: {err.strerror or err}. Name another file."
        ) from err
    finally:
        partial.unlink(missing_ok=True)
