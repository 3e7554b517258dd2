"""From the text of a scientist's file to the function or class in it, or to what is wrong."""

from __future__ import annotations

import difflib
import inspect
import sys
import traceback
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import MetricError
from climcomp_metrics.plugins.grid import Grid
from climcomp_metrics.plugins.model import OwnMetric

Field = NDArray[np.float64]
FieldFunction = Callable[[Field, Field, Grid], object]
"""f(original, decoded, grid): the metric of one field, or None where it has none."""

_SIGNATURE = "(original, decoded, grid)"


@runtime_checkable
class SumsMetric(Protocol):
    """A class of a scientist's own whose sums add up over fields."""

    def of(self, original: Field, decoded: Field, grid: Grid) -> Mapping[str, Any] | None:
        """Numbers or arrays of one field by name, the same in all; None where it has none."""

    def value(self, sums: Mapping[str, Any]) -> object:
        """The metric of a level, from the sums of all its fields."""


def run_file(own: OwnMetric) -> types.ModuleType:
    """The module that the file's text makes; the same text runs once in a process.

    Raises
    ------
    MetricError
        If the text is no Python, or does not run; the message says at which line.
    """
    return _module(own.code, own.file, own.sha256)


@cache
def _module(code: str, file: str, sha256: str) -> types.ModuleType:
    if not code:
        raise MetricError(f"the code of {file} is not there")
    name = f"climcomp_own_{sha256[:16]}"
    module = types.ModuleType(name)
    module.__file__ = file
    try:
        compiled = compile(code, file, "exec", dont_inherit=True)
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        text = error.msg if isinstance(error, SyntaxError) else str(error)
        raise MetricError(f"{file}{line} is no valid Python: {text}") from error
    # Dataclasses look their module up while they are made.
    sys.modules[name] = module
    try:
        exec(compiled, module.__dict__)
    except (Exception, SystemExit) as error:
        del sys.modules[name]
        hint = ""
        if isinstance(error, ImportError):
            hint = "; the file alone is kept with the archive: it may import installed packages"
            hint += " only, not files beside it"
        raise MetricError(f"{file} does not run: {fault_text(error, file)}{hint}") from error
    return module


def find_metric(own: OwnMetric) -> FieldFunction | SumsMetric:
    """The function, or an instance of the class, that the declaration names.

    Raises
    ------
    MetricError
        If the file does not run, or the name is not there, or is neither a function of
        (original, decoded, grid) nor a class with `of` and `value`.
    """
    return _metric(own.code, own.file, own.sha256, own.name)


@cache
def _metric(code: str, file: str, sha256: str, name: str) -> FieldFunction | SumsMetric:
    module = _module(code, file, sha256)
    found = getattr(module, name, None)
    if found is None:
        own = [key for key, value in vars(module).items() if _is_defined_in(value, module)]
        close = difflib.get_close_matches(name, own, n=1)
        hint = f"; did you mean {close[0]!r}?" if close else ""
        raise MetricError(f"{file} has no {name!r}; it defines {', '.join(own) or 'none'}{hint}")
    if isinstance(found, type):
        return _instance(found, file)
    if not callable(found):
        wanted = f"wanted a function {name}{_SIGNATURE} or a class with of and value"
        raise MetricError(f"{name!r} in {file} is {type(found).__name__}, {wanted}")
    _check_call(found, f"{name!r} in {file}", (None, None, None), f"{name}{_SIGNATURE}")
    return cast(FieldFunction, found)


def _is_defined_in(value: object, module: types.ModuleType) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module.__name__


def _instance(found: type, file: str) -> SumsMetric:
    what = f"the class {found.__name__!r} in {file}"
    if missing := [name for name in ("of", "value") if not callable(getattr(found, name, None))]:
        wanted = f"wanted of(self, {_SIGNATURE[1:]} and value(self, sums)"
        raise MetricError(f"{what} has no {' and no '.join(missing)}, {wanted}")
    try:
        made = found()
    except Exception as error:
        raise MetricError(
            f"{what} cannot be made without arguments: {fault_text(error, file)}"
        ) from error
    _check_call(made.of, f"of {what}, its of", (None, None, None), f"of(self, {_SIGNATURE[1:]}")
    _check_call(made.value, f"of {what}, its value", ({},), "value(self, sums)")
    return cast(SumsMetric, made)


def _check_call(
    function: Callable[..., object], what: str, arguments: tuple[object, ...], wanted: str
) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # compiled functions need not tell
        return
    try:
        signature.bind(*arguments)
    except TypeError as error:
        raise MetricError(f"{what} takes {signature}, wanted {wanted}") from error


def fault_text(error: BaseException, file: str) -> str:
    """The last line of a traceback, with the line of the scientist's file where it went wrong."""
    said = "".join(traceback.format_exception_only(error)).strip().splitlines()[-1]
    lines = [f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == file]
    return f"{said} ({file} line {lines[-1]})" if lines else said
