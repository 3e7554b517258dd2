"""Pictures inside an SVG: where they stand, and their bytes with a palette."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Mapping

import numpy as np

from climcomp_metrics.report.figures.paths import short

Point = tuple[float, float]


def image(attributes: Mapping[str, str], href: str) -> str:
    """The element of a picture, which ends where its axes end and needs no clip.

    Parameters
    ----------
    attributes
        Of the element that matplotlib wrote.
    href
        Its picture as a data URL.
    """
    x, y, width, height = (float(attributes.get(k, 0)) for k in ("x", "y", "width", "height"))
    (across, right), (down, below) = _moved(attributes.get("transform", ""))
    x, y, width, height = across * x + right, down * y + below, across * width, down * height
    is_upside_down = height < 0
    if is_upside_down:
        y, height = y + height, -height
    box = f'x="{short(x, 2)}" y="{short(y, 2)}" '
    box += f'width="{short(width, 2)}" height="{short(height, 2)}"'
    stored = with_palette(base64.b64decode(href.split(",", 1)[1]), is_upside_down)
    return (
        f'<image {box} preserveAspectRatio="none" image-rendering="pixelated" '
        f'href="data:image/png;base64,{base64.b64encode(stored).decode()}"/>'
    )


def _moved(transform: str) -> tuple[Point, Point]:
    """Factor and shift along x and along y, of the transforms that matplotlib gives images."""
    x, y = (1.0, 0.0), (1.0, 0.0)
    for name, rest in reversed(re.findall(r"(\w+)\(([^)]*)\)", transform)):
        n = [float(number) for number in rest.split()]
        if name == "matrix":
            x, y = (n[0] * x[0], n[0] * x[1] + n[4]), (n[3] * y[0], n[3] * y[1] + n[5])
        elif name == "scale":
            x, y = (n[0] * x[0], n[0] * x[1]), (n[-1] * y[0], n[-1] * y[1])
        elif name == "translate":
            x, y = (x[0], x[1] + n[0]), (y[0], y[1] + n[1])
    return x, y


def with_palette(png: bytes, turn_over: bool = False) -> bytes:
    """The picture with a palette, where it has at most 256 colours (transparency counts)."""
    from PIL import Image

    picture = Image.open(io.BytesIO(png)).convert("RGBA")
    if turn_over:
        picture = picture.transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    buffer = io.BytesIO()
    if picture.getcolors(256) is None:
        picture.save(buffer, "PNG", optimize=True)
        return buffer.getvalue()
    pixels = np.asarray(picture).reshape(-1, 4).view("<u4")[:, 0]
    found, index = np.unique(pixels, return_inverse=True)
    colours = found.view(np.uint8).reshape(-1, 4)
    small = Image.fromarray(index.astype(np.uint8).reshape(picture.size[::-1]), "P")
    small.putpalette(colours[:, :3].tobytes())
    opacity = {} if (colours[:, 3] == 255).all() else {"transparency": colours[:, 3].tobytes()}
    small.save(buffer, "PNG", optimize=True, bits=_bits(len(colours)), **opacity)
    return buffer.getvalue()


def _bits(colours: int) -> int:
    return next(bits for bits in (1, 2, 4, 8) if 2**bits >= colours)
