"""How a recipe's values are read: each reader takes what YAML gave, or says what is wrong.

A reader returns the value of the model or raises a `refusal`. It stands before pydantic's
own unions, whose errors would name every branch that was tried.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Annotated

from pydantic import BeforeValidator
from pydantic_core import PydanticCustomError

from climcomp_workflows.recipe.problems import listed, meant, shown


def refusal(text: str) -> PydanticCustomError:
    """What is wrong with a value; pydantic adds where, and goes on to the next key."""
    return PydanticCustomError("climcomp", "{text}", {"text": text})


def reads(read: Callable[[object], object]) -> BeforeValidator:
    """The marker of a field that `read` reads."""
    return BeforeValidator(read)


def reads_if_said(read: Callable[[object], object]) -> BeforeValidator:
    """The same for a key whose null says nothing."""
    return BeforeValidator(lambda value: None if value is None else read(value))


def one_of(*allowed: str, said: bool = True) -> BeforeValidator:
    """The marker of a field of one word; with `said` false, null says nothing."""
    read = partial(_read_word, allowed)
    return reads(read) if said else reads_if_said(read)


def _read_word(allowed: tuple[str, ...], value: object) -> str:
    if isinstance(value, str) and value in allowed:
        return value
    hint = meant(value, allowed) if isinstance(value, str) else ""
    raise refusal(f"found {shown(value)}, wanted {listed(allowed)}{hint}")


def _read_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    words = {"yes": True, "on": True, "no": False, "off": False}
    if isinstance(value, str) and value.lower() in words:
        return words[value.lower()]
    raise refusal(f"found {shown(value)}, wanted true or false")


def integer(value: object) -> int | None:
    """A whole number, or None; true and false are none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object, *, finite: bool = True) -> float | None:
    """A number, or None; true, false and NaN are none, infinities where `finite` is false."""
    if isinstance(value, bool) or not isinstance(value, int | float) or math.isnan(value):
        return None
    return None if finite and math.isinf(value) else float(value)


Flag = Annotated[bool, reads(_read_flag)]
MaybeFlag = Annotated[bool | None, reads_if_said(_read_flag)]
