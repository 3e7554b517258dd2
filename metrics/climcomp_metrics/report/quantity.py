"""Numbers, sizes and durations as a person reads them."""

from __future__ import annotations

import math
from collections.abc import Iterable

_SIZES = ("bytes", "kB", "MB", "GB", "TB", "PB", "EB")
_MOST_DIGITS = 9
_MOST_NAMES = 9


def number_text(value: float, digits: int = 3) -> str:
    """The number in `digits` significant digits, without an exponent from 1e-4 to 1e7."""
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "-infinite"
    text = f"{value:.{digits}g}"
    rounded = float(text)
    if 10**digits <= abs(rounded) < 1e7 or (10**digits > abs(rounded) >= 1 and "e" in text):
        return f"{value:.0f}"
    if "e" not in text:
        return text
    mantissa, exponent = text.split("e")
    return f"{mantissa}e{int(exponent)}"


def number_beside(value: float, limit: float, digits: int = 3) -> str:
    """The number with as many digits as it takes to tell it from `limit`, so that 0.01001 over a
    limit of 0.01 does not read as 0.01."""
    text = number_text(value, digits)
    while value != limit and digits < _MOST_DIGITS and text == number_text(limit, digits):
        digits += 1
        text = number_text(value, digits)
    return text


def quantity(value: float, unit: str, beside: float | None = None) -> str:
    """The number with its unit; the unit of a pure number ("1" or none) is left out."""
    text = number_text(value) if beside is None else number_beside(value, beside)
    return text if unit in ("", "1") else f"{text} {unit}"


def percent(share: float) -> str:
    """A share as "41 %"; small ones keep two digits, and only what is 0 or 100 % reads as that."""
    if 0.995 <= share < 1:
        return f"{min(share * 100, 99.9):.1f} %"
    return f"{number_text(share * 100, 2)} %" if abs(share) < 1 else f"{share * 100:.0f} %"


def size(count: int) -> str:
    """Bytes in powers of 1000: "12.3 MB"."""
    amount, unit = float(count), 0
    while amount >= 999.5 and unit < len(_SIZES) - 1:
        amount, unit = amount / 1000, unit + 1
    return f"{amount:.0f} bytes" if unit == 0 else f"{number_text(amount)} {_SIZES[unit]}"


def times(ratio: float | None) -> str:
    """A ratio as "11.2 x"; "-" where there is none."""
    return "-" if ratio is None else f"{number_text(ratio)} x"


def duration(seconds: float) -> str:
    """Seconds as "340 ms", "3.2 s", "4 min 10 s" or "2 h 5 min"."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def counted(count: int, singular: str, plural: str = "") -> str:
    """The count with its word: "1 shard", "3 shards"."""
    return f"{count} {singular if count == 1 else plural or singular + 's'}"


def enumerated(names: Iterable[str]) -> str:
    """The names with commas; of many, the first few and the number of the others."""
    listed = [name.rstrip(". ") for name in names]
    if len(listed) <= _MOST_NAMES:
        return ", ".join(listed)
    return f"{', '.join(listed[: _MOST_NAMES - 1])} and {len(listed) - _MOST_NAMES + 1} more"


def moment(iso: str) -> str:
    """A time of ISO 8601 as "2026-03-01 12:00:00 UTC"; other texts as they are."""
    return iso.replace("T", " ", 1).replace("+00:00", " UTC") if iso[:2].isdigit() else iso
