"""The program `climcomp`: reads its arguments, runs one command, prints one answer."""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import NoReturn

from climcomp.errors import UsageError
from climcomp_workflows.cli import commands
from climcomp_workflows.cli.answer import Answer, json_text
from climcomp_workflows.cli.failure import (
    error_document,
    error_text,
    exit_code,
    is_expected,
    version_text,
)

_DESCRIPTION = """\
Compress climate-model output within error bounds, check it with climate metrics, publish as Zarr.

  climcomp init "data/*.nc" -o recipe.yaml     write a recipe for these files
  climcomp plan recipe.yaml                    what would happen, how small, how long
  climcomp bench recipe.yaml                   every codec at many bounds on samples of your data
  climcomp run recipe.yaml                     make the archive: every value is checked
  climcomp verify archive.zarr --source        check it again, before originals are deleted
  climcomp get archive.zarr tas --time 2000-07 --box=-10,35,30,60 -o july.nc
"""
_EPILOG = """\
Exit codes: 0 done; 1 something failed its checks and was refused, or is damaged; 2 wrong use or
recipe; 3 source unreadable or incomplete; 4 stopped, and the same command goes on where it stood.

climcomp COMMAND --help explains a command by examples.
"""


class _Parser(argparse.ArgumentParser):
    """Wrong arguments become a UsageError, so that --json has an answer to them too."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. `{self.prog} --help` shows how it is used.")


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; it imports none of what they need."""
    everywhere = _Parser(add_help=False)
    group = everywhere.add_argument_group("everywhere")
    # SUPPRESS: what is said before the command is not undone after it.
    group.add_argument(
        "--json",
        action="store_true",
        default=argparse.SUPPRESS,
        help="print one JSON document instead of text, for errors too",
    )
    group.add_argument(
        "--debug",
        action="store_true",
        default=argparse.SUPPRESS,
        help="log everything, and show where in climcomp an error came from",
    )
    parser = _Parser(
        prog="climcomp",
        description=_DESCRIPTION,
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[everywhere],
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="store_true", help="print the version")
    subparsers = parser.add_subparsers(metavar="COMMAND", dest="command", parser_class=_Parser)
    for module in commands.modules():
        module.add(_Adder(subparsers, everywhere))
    return parser


class _Adder:
    """Gives each command the options and the form of help that all have."""

    def __init__(
        self,
        subparsers: argparse._SubParsersAction[_Parser],
        everywhere: _Parser,
    ) -> None:
        self._subparsers = subparsers
        self._everywhere = everywhere

    def command(self, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
        """A command's parser: the summary, then worked examples."""
        return self._subparsers.add_parser(
            name,
            help=summary,
            description=f"{summary[0].upper()}{summary[1:]}.\n\nexamples:\n{examples}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            parents=[self._everywhere],
            allow_abbrev=False,
        )


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and give its exit code; no error leaves it."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    as_json, debug = "--json" in arguments, "--debug" in arguments
    try:
        with _signals(), _logging(debug):
            answer = _answer(build_parser(), arguments)
    except SystemExit as end:  # argparse has printed the help
        return int(end.code or 0)
    except (Exception, KeyboardInterrupt) as error:
        if debug and is_expected(error):
            _print(sys.stderr, "".join(traceback.format_exception(error)))
        _print(sys.stderr, error_text(error))
        if as_json:
            _print(sys.stdout, json_text(error_document(error)))
        return exit_code(error)
    _print(sys.stdout, json_text(answer.document) if as_json else answer.text)
    return answer.code


def _answer(parser: argparse.ArgumentParser, arguments: list[str]) -> Answer:
    options = parser.parse_args(arguments)
    if options.version:
        return Answer(version_text() + "\n", {"version": version_text().partition(" ")[2]})
    if options.command is None:
        if not arguments:
            return Answer(parser.format_help(), {"commands": commands.names()})
        raise UsageError(f"name a command: {', '.join(commands.names())}")
    for name in ("json", "debug"):
        setattr(options, name, getattr(options, name, False))
    answer: Answer = options.run(options)
    return answer


def _print(stream: object, text: str) -> None:
    """Print, and take it well if the reader of a pipe has gone (`climcomp inspect x | head`)."""
    try:
        print(text, end="", file=stream, flush=True)  # type: ignore[call-overload]  # a text stream
    except BrokenPipeError:
        # Python would complain again while it flushes on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


class _Stopped(KeyboardInterrupt):
    """A signal asked the program to end; it does so as after Ctrl-C."""


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Let SIGTERM (a batch system's time limit) and SIGHUP end a command in order."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, frame: FrameType | None) -> None:
        raise _Stopped(f"by {signal.Signals(number).name}")

    found = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # What is ignored stays ignored: nohup does that.
    handled = [number for number in found if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in handled}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _logging(debug: bool) -> Iterator[None]:
    """Warnings of our own packages on standard error; with --debug, all that they log."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setLevel(logging.DEBUG if debug else logging.WARNING)
    form = "%(levelname)s %(name)s: %(message)s" if debug else "climcomp: warning: %(message)s"
    handler.setFormatter(logging.Formatter(form))
    loggers = [logging.getLogger(f"climcomp{end}") for end in ("", "_metrics", "_workflows")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.addHandler(handler)
        if debug:
            logger.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.removeHandler(handler)
            logger.setLevel(level)
