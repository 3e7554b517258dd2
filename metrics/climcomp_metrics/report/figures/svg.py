"""What matplotlib writes as SVG, made small enough to stand in a page hundreds of times.

Groups, names, comments and styles that repeat a default go; coordinates keep a tenth of a pixel
and become relative; neighbouring lines of one style become one path; images get a palette. What was
drawn in `INK` becomes `currentColor`, so that text and axes take the colour of the page about them,
light or dark. No style sheet is written, and names that must stay are made of what they name, so
that any number of drawings can stand in one page.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from xml.etree import ElementTree

from climcomp_metrics.report.figures.images import image
from climcomp_metrics.report.figures.paths import relative, short
from climcomp_metrics.report.figures.style import INK

_HREF = "{http://www.w3.org/1999/xlink}href"
_DEFAULTS = {
    "stroke-dashoffset": "0",
    "stroke-linecap": "butt",
    "stroke-linejoin": "round",
    "stroke-width": "1",
    "stroke-opacity": "1",
    "fill-opacity": "1",
    "opacity": "1",
    "stroke": "none",
    "fill": "none",
}
_KEPT = (*_DEFAULTS, "stroke-dasharray")
_NUMBER = re.compile(r"-?\d+\.?\d*")

Style = tuple[tuple[str, str], ...]


@dataclass(slots=True)
class _Writer:
    """The drawing as it is written; lives for one `trim`."""

    clips: dict[str, str] = field(default_factory=dict)
    markers: dict[str, str] = field(default_factory=dict)
    used: list[str] = field(default_factory=list)
    shapes: list[str] = field(default_factory=list)
    texts: list[tuple[str, str]] = field(default_factory=list)
    lines: dict[tuple[Style, str], str] = field(default_factory=dict)
    marks: tuple[Style, str] | None = None

    def path(self, d: str, style: Style, clip: str) -> None:
        """Add a path. Lines of one style are gathered until something comes that could hide them:
        then the grid and the ticks of a figure are two paths, not forty."""
        self._end_marks()
        if dict(style).get("fill"):
            self.close()
            self.shapes.append(f'<path d="{d}"{_written(style)}{clip}/>')
        else:
            self.lines[style, clip] = self.lines.get((style, clip), "") + d

    def mark(self, name: str, at: str, style: Style) -> None:
        """Add a marker, in one group with its neighbours of the same kind."""
        if self.marks != (style, name):
            self.close()
            self.marks = style, name
            self.shapes.append(f"<g{_written(style)}>")
        self.shapes.append(f'<use href="#{name}" {at}/>')

    def close(self) -> None:
        """Write what is being gathered."""
        self._end_marks()
        for (style, clip), d in self.lines.items():
            self.shapes.append(f'<path d="{d}"{_written(style)}{clip}/>')
        self.lines = {}

    def _end_marks(self) -> None:
        if self.marks is not None:
            self.shapes.append("</g>")
        self.marks = None


def trim(source: bytes, label: str, font_size: float) -> str:
    """The drawing as one `<svg>` element to stand in a page, with `label` as its alternative text.

    Parameters
    ----------
    source
        What matplotlib wrote, with text as text.
    font_size
        Of texts that name no other.
    """
    root = ElementTree.fromstring(source)
    writer = _Writer()
    for element in root.iter():
        name = _name(element)
        if name == "clipPath":
            box = element[0].attrib
            numbers = " ".join(f'{k}="{short(float(box[k]))}"' for k in ("x", "y"))
            sizes = " ".join(f'{k}="{short(float(box[k]))}"' for k in ("width", "height"))
            writer.clips[element.attrib["id"]] = f"<rect {numbers} {sizes}/>"
        elif name == "path" and "id" in element.attrib:
            writer.markers[element.attrib["id"]] = element.attrib["d"]
    _walk(root, writer, "", font_size)
    writer.close()
    width, height = (short(float(n)) for n in root.attrib["viewBox"].split()[2:])
    defs = "".join(dict.fromkeys(writer.used))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{html.escape(label)}" fill="none" stroke-linejoin="round">'
        f"{f'<defs>{defs}</defs>' if defs else ''}{''.join(writer.shapes)}"
        f'<g fill="currentColor" font-size="{font_size:g}">{_grouped(writer.texts)}</g></svg>'
    )


def _walk(parent: ElementTree.Element, writer: _Writer, clip: str, font_size: float) -> None:
    for element in parent:
        name, attributes = _name(element), element.attrib
        mine = _clip(attributes.get("clip-path", ""), writer) or clip
        if name == "g":
            _walk(element, writer, mine, font_size)
        elif name == "path":
            style = _style(attributes.get("style", ""))
            # A line that lies outside its axes has no path.
            if _shows(style) and "d" in attributes:
                writer.path(relative(attributes["d"]), style, mine)
        elif name == "use":
            _mark(element, writer, mine)
        elif name == "image":
            writer.close()
            writer.shapes.append(image(attributes, attributes[_HREF]))
        elif name == "text":
            writer.texts.append(_text(element, font_size))


def _mark(element: ElementTree.Element, writer: _Writer, clip: str) -> None:
    """A marker: straight ones are drawn where they stand, round ones are kept and referred to."""
    attributes = element.attrib
    name = attributes[_HREF].lstrip("#")
    x, y = float(attributes.get("x", 0)), float(attributes.get("y", 0))
    style = _style(attributes.get("style", ""))
    outline = writer.markers[name]
    if "C" not in outline:
        if "z" not in outline:
            style = tuple(entry for entry in style if entry[0] != "fill")
        writer.path(relative(outline, x, y), style, clip)
        return
    drawn = f'd="{relative(outline)}"'
    marker = _named(drawn)
    writer.used.append(f'<path id="{marker}" {drawn}/>')
    # No clip: it would be moved along with the marker.
    writer.mark(marker, f'x="{short(x)}" y="{short(y)}"', style)


def _clip(value: str, writer: _Writer) -> str:
    found = re.fullmatch(r"url\(#(.+)\)", value)
    if not found:
        return ""
    box = _named(writer.clips[found[1]])
    writer.used.append(f'<clipPath id="{box}">{writer.clips[found[1]]}</clipPath>')
    return f' clip-path="url(#{box})"'


def _named(content: str) -> str:
    """A name that is the same for the same content, in any drawing."""
    return f"f{hashlib.sha256(content.encode()).hexdigest()[:10]}"


def _style(text: str) -> Style:
    """What a style says beyond the defaults of the whole drawing, sorted."""
    entries = _entries(text)
    # matplotlib leaves out the colour of what is filled in black.
    entries.setdefault("fill", "#000")
    found = {}
    for name in _KEPT:
        value = entries.get(name, _DEFAULTS.get(name, ""))
        if name not in ("fill", "stroke") and _NUMBER.fullmatch(value):
            value = short(float(value), 2)
        if value != _DEFAULTS.get(name, ""):
            found[name] = "currentColor" if value == INK else value
    if "stroke" not in found:
        found = {name: value for name, value in found.items() if not name.startswith("stroke")}
    return tuple(sorted(found.items()))


def _shows(style: Style) -> bool:
    known = dict(style)
    return "stroke" in known or "fill" in known


def _written(style: Style) -> str:
    return "".join(f' {name}="{value}"' for name, value in style)


def _text(element: ElementTree.Element, font_size: float) -> tuple[str, str]:
    """What a text has in common with its neighbours, and the text itself."""
    style = _entries(element.attrib.get("style", ""))
    common = ""
    anchor = style.get("text-anchor", "start")
    if anchor != "start":
        common += f' text-anchor="{anchor}"'
    size = re.search(r"([\d.]+)px", style.get("font-size", "") or style.get("font", ""))
    if size and abs(float(size[1]) - font_size) > 0.05:
        common += f' font-size="{float(size[1]):g}"'
    fill = style.get("fill", INK)
    if fill != INK:
        common += f' fill="{fill}"'
    moves = element.attrib.get("transform", "")
    # matplotlib places a text by x and y where it is anchored, else by moving it.
    moved = re.search(r"translate\((-?[\d.]+)[ ,]+(-?[\d.]+)\)", moves)
    x, y = (float(n) for n in (moved.groups() if moved else (element.attrib[k] for k in "xy")))
    place = f'x="{short(x)}" y="{short(y)}"'
    turn = re.search(r"rotate\((-?[\d.]+)", moves)
    if turn and float(turn[1]) % 360:
        place += f' transform="rotate({short(float(turn[1]))} {short(x)} {short(y)})"'
    words = html.escape("".join(element.itertext()), quote=False)
    return common, f"<text {place}>{words}</text>"


def _entries(style: str) -> dict[str, str]:
    parts = (part.split(":", 1) for part in style.split(";") if ":" in part)
    return {name.strip(): value.strip() for name, value in parts}


def _grouped(texts: list[tuple[str, str]]) -> str:
    """Texts with equal attributes in one group."""
    groups: dict[str, str] = {}
    for common, text in texts:
        groups[common] = groups.get(common, "") + text
    return "".join(
        f"<g{common}>{inside}</g>" if common else inside for common, inside in groups.items()
    )


def _name(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]
