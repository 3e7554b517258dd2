"""What a command says in the end: for a person, for a machine, and as an exit code."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# DESIGN, "Commands".
DONE, REFUSED, WRONG_USE, SOURCE, STOPPED = range(5)


@dataclass(frozen=True, slots=True)
class Answer:
    """The result of a command.

    Parameters
    ----------
    text
        For a person, on standard output.
    document
        The same for a machine: what `--json` prints instead.
    code
        Exit code.
    """

    text: str
    document: Mapping[str, Any]  # Any: JSON
    code: int = DONE


def json_text(document: Mapping[str, Any]) -> str:
    """One JSON document; NaN and the infinities, which JSON does not have, as texts."""
    return json.dumps(_plain(document), indent=1, allow_nan=False, default=str) + "\n"


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"
    return value
