"""HTML built so that no text can become markup: what is not `Markup` is escaped."""

from __future__ import annotations

import html
import re

_VOID = frozenset({"br", "input", "meta", "wbr"})


class Markup(str):
    """A text that is HTML already; only this module makes it from other text."""

    __slots__ = ()


def escaped(text: str) -> Markup:
    """The text as HTML shows it; control and text-direction characters become U+FFFD."""
    return Markup(html.escape(_visible(text), quote=True))


def drawing(svg: str) -> Markup:
    """An `<svg>` that climcomp drew, whose texts are escaped but may hold such characters."""
    return Markup(_visible(svg))


def _visible(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "\ufffd" for c in text)


def joined(*parts: str) -> Markup:
    """The parts one after another, those that are plain text escaped."""
    return Markup("".join(part if isinstance(part, Markup) else escaped(part) for part in parts))


def element(tag: str, *children: str, **attributes: str) -> Markup:
    """An element; children and attribute values that are plain text are escaped.

    A trailing underscore of an attribute's name is dropped (`class_`), others become hyphens; an
    attribute without a value is left out.
    """
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{escaped(value)}"'
        for name, value in attributes.items()
        if value
    )
    opening = f"<{tag}{written}>"
    return Markup(opening if tag in _VOID else f"{opening}{joined(*children)}</{tag}>")


def breakable(name: str) -> Markup:
    """A name that may go on in the next line behind its slashes, dots and underscores."""
    parts = re.split(r"(?<=[/._])", name)
    return Markup("<wbr>".join(escaped(part) for part in parts))
