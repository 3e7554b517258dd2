"""From an error to an exit code and a text: the one place that decides on both."""

from __future__ import annotations

import platform
import traceback
from typing import Any

from climcomp import errors
from climcomp_workflows.cli.answer import REFUSED, SOURCE, STOPPED, WRONG_USE

# The nearest class among an error's ancestors counts.
_CODES: dict[type[errors.ClimcompError], int] = {
    errors.UsageError: WRONG_USE,
    errors.RecipeError: WRONG_USE,
    errors.BoundError: WRONG_USE,
    errors.CodecError: WRONG_USE,
    errors.MissingExtraError: WRONG_USE,
    errors.ArchiveError: WRONG_USE,
    errors.ArchiveExistsError: WRONG_USE,
    errors.SourceError: SOURCE,
    errors.ArchiveLockedError: STOPPED,
    errors.LeaseLostError: STOPPED,
    errors.StorageError: STOPPED,
    errors.ArchiveDamagedError: REFUSED,
    errors.PayloadError: REFUSED,
    errors.BoundNotKept: REFUSED,
    errors.CriterionNotMet: REFUSED,
    errors.MetricError: REFUSED,
}


def exit_code(error: BaseException) -> int:
    """The exit code of an error that ended a command."""
    if isinstance(error, KeyboardInterrupt):
        return STOPPED
    if type(error).__name__ == "WorkerLostError":
        # By name: its module is not needed to say what a command has said.
        return STOPPED
    for ancestor in type(error).__mro__:
        if ancestor in _CODES:
            return _CODES[ancestor]
    return REFUSED


def is_expected(error: BaseException) -> bool:
    """Whether the error is one that climcomp raises on purpose; any other is a bug."""
    return isinstance(error, errors.ClimcompError | KeyboardInterrupt)


def error_text(error: BaseException) -> str:
    """What is told to a person on standard error."""
    if isinstance(error, KeyboardInterrupt):
        return f"climcomp: stopped: {str(error) or 'by Ctrl-C'}\n"
    if is_expected(error):
        notes = "".join(f"\n  {note}" for note in getattr(error, "__notes__", ()))
        return f"climcomp: error: {error}{notes}\n"
    return (
        "".join(traceback.format_exception(error))
        + f"climcomp: error: {type(error).__name__}: {error}\n"
        "This is a bug in climcomp, or a broken installation (`climcomp doctor` tells). Please "
        "report it with the lines above, the command and "
        f"{version_text()} on Python {platform.python_version()}, {platform.platform()}.\n"
    )


def error_document(error: BaseException) -> dict[str, Any]:
    """The same for a machine."""
    body: dict[str, Any] = {
        "class": type(error).__name__,
        "message": str(error) or type(error).__name__,
        "exit_code": exit_code(error),
    }
    problems = getattr(error, "problems", ())
    if problems:
        body["problems"] = list(problems)
    if not is_expected(error):
        body["traceback"] = "".join(traceback.format_exception(error))
    return {"error": body}


def version_text() -> str:
    """ "climcomp 0.1.0"."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"climcomp {version('climcomp')}"
    except PackageNotFoundError:
        return "climcomp (not installed)"
