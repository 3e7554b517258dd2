"""Paths of an SVG in few characters: relative, and a tenth of a pixel fine."""

from __future__ import annotations

import re

_NUMBER = re.compile(r"-?\d+\.?\d*(?:e-?\d+)?")
_STEP = re.compile(r"([MLCQZ])([^MLCQZ]*)", re.IGNORECASE)


def relative(d: str, x: float = 0.0, y: float = 0.0) -> str:
    """A path in relative coordinates of a tenth of a pixel, moved by x and y."""
    written = ""
    at = (0.0, 0.0)
    last = ""
    for step, rest in _STEP.findall(d):
        if step in "Zz":
            written, last = written + "z", "z"
            continue
        numbers = [float(n) for n in _NUMBER.findall(rest)]
        points = [
            (round(px + x, 1), round(py + y, 1))
            for px, py in zip(numbers[::2], numbers[1::2], strict=True)
        ]
        origin = (0.0, 0.0) if step == "M" else at
        name, pairs = (
            step if step == "M" else step.lower(),
            [short(c - o) for point in points for c, o in zip(point, origin, strict=True)],
        )
        at = points[-1]
        if name == "l" and "0" in pairs:
            if pairs == ["0", "0"] and last:
                # Two points that fall together; one alone makes a dot.
                continue
            name, pairs = ("v", pairs[1:]) if pairs[0] == "0" else ("h", pairs[:1])
        written += _joined(pairs, "" if name == last else name)
        last = name
    return written


def _joined(numbers: list[str], letter: str) -> str:
    """Numbers with a space only where a sign does not part them."""
    text = letter
    for position, number in enumerate(numbers):
        parted = number.startswith("-") or (position == 0 and letter)
        text += number if parted else f" {number}"
    return text


def short(value: float, digits: int = 1) -> str:
    """A number without what SVG can do without."""
    text = f"{value:.{digits}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    text = re.sub(r"^(-?)0\.", r"\1.", text)
    return "0" if text in ("-0", "", "-") else text
