"""The spelling of units: what stands between the names, in UDUNITS and its dialects."""

from __future__ import annotations

import re
from dataclasses import dataclass

_PLAIN_NUMBER = frozenset(
    {"", "1", "-", "~", "none", "dimensionless", "unitless", "nondimensional", "fraction", "ratio",
     "proportion", "0-1", "(0-1)", "[0-1]", "0..1", "numeric", "code"}
)  # fmt: skip
_CELSIUS = re.compile(
    r"\b(?:deg|degs|degree|degrees)\.?[\s_]*(c|celsius|f|fahrenheit|k|kelvin)\b", re.I
)
_OF_WATER = re.compile(r"\s+of\s+(?:liquid\s+)?water(?:\s+equivalent)?$", re.I)
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺·\u2212\u00d7\u00b5\u03bc", "0123456789-+*-*uu")
_TOKEN = re.compile(
    r"\s*(?:(?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)"
    r"|(?P<name>%|[A-Za-z_]+)"
    r"|(?P<power>\*\*|\^)"
    r"|(?P<operator>[*./])"
    r"|(?P<bracket>[()\[\]{}])"
    r"|(?P<sign>[+-]))"
)
_POWER = re.compile(
    r"\s*(?:\*\*|\^)?\s*(?P<open>[({])?\s*(?P<power>[+-]?\d+(?:\.\d+)?)\s*(?P<close>[)}])?"
)
_MAXIMUM_LENGTH = 100


class UnitSyntaxError(ValueError):
    """A text is not built like a unit."""


@dataclass(frozen=True, slots=True)
class Factor:
    """One factor of a unit: a name or a plain number, to a power."""

    name: str
    number: float
    power: float


def factors(text: str) -> tuple[Factor, ...]:
    """The factors of a unit; () for a plain number such as "1", "-" or "(0 - 1)".

    Raises
    ------
    UnitSyntaxError
        If the text is not built like a unit.
    """
    if len(text) > _MAXIMUM_LENGTH:
        raise UnitSyntaxError(f"it is longer than {_MAXIMUM_LENGTH} characters")
    clean = text.translate(_SUPERSCRIPTS).replace("°", "deg_").strip()
    if re.sub(r"\s", "", clean).lower() in _PLAIN_NUMBER:
        return ()
    clean = _OF_WATER.sub("", clean)
    clean = _CELSIUS.sub(
        lambda match: {"c": "degC", "f": "degF", "k": "K"}[match[1][0].lower()], clean
    )
    return tuple(_product(clean, 1.0))


def _product(text: str, power: float) -> list[Factor]:
    """The factors of a product; a slash divides by the next factor alone, as in UDUNITS."""
    result: list[Factor] = []
    position, sign = 0, 1.0
    pending = True
    while position < len(text):
        if text[position].isspace():
            position += 1
            continue
        if text[position] in "*./" and not re.match(r"\.\d", text[position:]):
            starts_with_slash = text[position] == "/" and not result and sign > 0
            if text[position : position + 2] == "**" or (pending and not starts_with_slash):
                raise UnitSyntaxError(f"unexpected {text[position:]!r}")
            sign = -1.0 if text[position] == "/" else 1.0
            position, pending = position + 1, True
            continue
        found, position = _factor(text, position)
        result += [Factor(part.name, part.number, part.power * sign * power) for part in found]
        sign, pending = 1.0, False
    if pending:
        raise UnitSyntaxError("it ends where a unit should follow")
    return result


def _factor(text: str, position: int) -> tuple[list[Factor], int]:
    if text[position] in "([":
        close = _closing(text, position)
        inside, position = _product(text[position + 1 : close], 1.0), close + 1
        power, position = _exponent(text, position, adjacent_sign=True)
        return [Factor(part.name, part.number, part.power * power) for part in inside], position
    token = _TOKEN.match(text, position)
    if token is None or not (token["number"] or token["name"]):
        raise UnitSyntaxError(f"unexpected {text[position:]!r}")
    position = token.end()
    if token["number"]:
        power, position = _exponent(text, position, adjacent_sign=False)
        number = float(token["number"])
        if not number > 0:
            raise UnitSyntaxError(f"a factor of {token['number']}")
        return [Factor("", number, power)], position
    power, position = _exponent(text, position, adjacent_sign=True)
    return [Factor(token["name"], 1.0, power)], position


def _exponent(text: str, position: int, *, adjacent_sign: bool) -> tuple[float, int]:
    """The power at this position and where it ends; m2, m-2, m^2, m**-2, m(-2) and m{-2}."""
    written = text[position:]
    explicit = re.match(r"\s*(?:\*\*|\^)|[({]\s*[+-]?\d", written)
    if not explicit and not (adjacent_sign and re.match(r"[+-]?\d", written)):
        return 1.0, position
    match = _POWER.match(written)
    if match is None or bool(match["open"]) != bool(match["close"]):
        raise UnitSyntaxError(f"unexpected {written!r}")
    power = float(match["power"])
    if abs(power) > 12:
        raise UnitSyntaxError(f"a power of {match['power']}")
    return power, position + match.end()


def _closing(text: str, start: int) -> int:
    depth = 0
    for position in range(start, len(text)):
        depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(text[position], 0)
        if depth == 0:
            return position
    raise UnitSyntaxError("a bracket is not closed")
