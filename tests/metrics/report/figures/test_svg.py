"""What is left of matplotlib's SVG."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from functools import partial
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from climcomp_metrics.report.figures import Illustration, draw_all, draw_maps, share
from climcomp_metrics.report.figures.drawing import Drawing, render
from climcomp_metrics.report.figures.images import with_palette
from climcomp_metrics.report.figures.paths import relative, short
from climcomp_metrics.report.figures.style import INK

SVG = "{http://www.w3.org/2000/svg}"


def _drawn(paint: Callable[[Any], None]) -> Drawing:
    def on(figure: Any) -> None:
        paint(figure.add_axes((0.2, 0.2, 0.7, 0.7)))

    return render(on, 400, 300, "title", "caption", 'an "alt" <text> & more')


def _positions(d: str) -> np.ndarray:
    """The corners of a path of M, l, h, v and z, and where curves end."""
    at, found, start = np.zeros(2), [], np.zeros(2)
    for step, rest in re.findall(r"([Mlhvcqz])([^Mlhvcqz]*)", d):
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.?\d*|\.\d+)", rest)]
        if step == "z":
            at = start
            continue
        if step in "hv":
            moves = [np.array([n, 0.0]) if step == "h" else np.array([0.0, n]) for n in numbers]
        else:
            width = {"c": 6, "q": 4}.get(step, 2)
            moves = [
                np.array(numbers[i + width - 2 : i + width]) for i in range(0, len(numbers), width)
            ]
        for number, move in enumerate(moves):
            at = move if step == "M" and number == 0 else at + move
            start = at if step == "M" else start
            found.append(at)
    return np.array(found)


def test_a_relative_path_ends_where_the_absolute_one_did() -> None:
    rng = np.random.default_rng(7)
    points = rng.uniform(-20, 420, (300, 2))
    points[50], points[60, 0] = points[49], points[59, 0]
    d = "M " + "\nL ".join(f"{x:.6f} {y:.6f}" for x, y in points)
    kept = np.concatenate([points[:50], points[51:]])
    # No rounding adds up: each corner is within a twentieth of a pixel.
    np.testing.assert_allclose(_positions(relative(d)), kept, atol=0.0501)


def test_a_path_may_have_curves_and_several_pieces() -> None:
    d = "M 0 0 \nL 10.04 0 \nC 1 2 3 4 20 30 \nz\nM 5 5 \nL 5 9 \n"
    assert relative(d) == "M0 0h10c-9 2-7 4 10 30zM5 5v4"
    assert relative("M 0 0 L 0 3", 10, 20) == "M10 20v3"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.04, "0"),
        (-0.04, "0"),
        (0.25, ".2"),
        (-0.5, "-.5"),
        (10.0, "10"),
        (100.0, "100"),
        (3.96, "4"),
    ],
)
def test_numbers_lose_what_svg_can_do_without(value: float, text: str) -> None:
    assert short(value) == text


def test_text_stays_text_and_is_escaped() -> None:
    drawing = _drawn(lambda axes: axes.set_xlabel("a < b & 10⁻³ m/s"))
    root = ElementTree.fromstring(drawing.svg)
    assert "a < b & 10⁻³ m/s" in [text.text for text in root.iter(f"{SVG}text")]
    assert root.attrib["aria-label"] == 'an "alt" <text> & more'


def test_ink_takes_the_colour_of_the_page_and_others_stay() -> None:
    def paint(axes: Any) -> None:
        axes.plot([0, 1], [0, 1], color=INK)
        axes.plot([0, 1], [1, 0], color="#d55e00")

    drawing = _drawn(paint)
    assert INK not in drawing.svg
    assert 'stroke="currentColor"' in drawing.svg
    assert 'stroke="#d55e00"' in drawing.svg


def test_nothing_in_it_runs_or_reaches_out(full: Illustration) -> None:
    for drawing in draw_all(full):
        assert not re.search(r"<script|<style|<!|<\?|on\w+=|@import|url\(h", drawing.svg)
        for found in re.findall(r'(?:href|src)="([^"]*)', drawing.svg):
            assert found.startswith(("#", "data:image/png;base64,"))


def test_every_reference_has_its_target_in_the_drawing(full: Illustration) -> None:
    for drawing in draw_all(full):
        names = re.findall(r' id="([^"]+)"', drawing.svg)
        wanted = re.findall(r'(?:url\(|href=")#([^")]+)', drawing.svg)
        assert set(wanted) <= set(names)
        assert len(names) == len(set(names))


def test_lines_of_one_style_are_one_path() -> None:
    drawing = _drawn(lambda axes: axes.plot([0, 1], [0, 1], color="#d55e00"))
    # The grid, the ticks, the line, the two spines.
    assert drawing.svg.count("<path") == 4


def test_an_image_keeps_its_pixels_and_its_place() -> None:
    picture = np.arange(12.0).reshape(3, 4)
    work = partial(
        lambda axes, at: axes.imshow(at, origin="lower", extent=(0, 4, 0, 3), aspect="auto"),
        at=picture,
    )
    root = ElementTree.fromstring(_drawn(work).svg)
    image = next(root.iter(f"{SVG}image"))
    box = [float(image.attrib[name]) for name in ("x", "y", "width", "height")]
    np.testing.assert_allclose(box, [80, 30, 280, 210], atol=0.02)
    stored = base64.b64decode(image.attrib["href"].split(",")[1])
    pixels = np.asarray(Image.open(io.BytesIO(stored)).convert("RGB")).astype(int)
    assert pixels.shape == (3, 4, 3)
    # Viridis gets brighter with the value, and the first row of the data is the lowest.
    assert (np.diff(pixels[::-1].sum(axis=2).ravel()) > 0).all()


def test_a_palette_keeps_colours_and_transparency() -> None:
    rng = np.random.default_rng(8)
    colours = rng.integers(0, 256, (12, 4), np.uint8)
    colours[0, 3] = 0
    pixels = colours[rng.integers(0, 12, (40, 50))]
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG")
    small = with_palette(buffer.getvalue(), turn_over=True)
    back = np.asarray(Image.open(io.BytesIO(small)).convert("RGBA"))
    np.testing.assert_array_equal(back, pixels[::-1])
    assert len(small) < 0.7 * len(buffer.getvalue())


def test_many_colours_need_no_palette() -> None:
    rng = np.random.default_rng(9)
    pixels = rng.integers(0, 256, (40, 50, 4), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(pixels, "RGBA").save(buffer, "PNG")
    back = np.asarray(Image.open(io.BytesIO(with_palette(buffer.getvalue()))).convert("RGBA"))
    np.testing.assert_array_equal(back, pixels)


def test_drawings_of_one_page_share_their_coastlines(picture_of: Callable) -> None:
    drawings = draw_maps(picture_of(60, 120))
    hidden, small = share(drawings)
    before = sum(drawing.size_bytes for drawing in drawings)
    after = len(hidden) + sum(drawing.size_bytes for drawing in small)
    assert after < before - 20_000
    names = re.findall(r' id="([^"]+)"', hidden + "".join(drawing.svg for drawing in small))
    wanted = re.findall(r'(?:url\(|href=")#([^")]+)', "".join(drawing.svg for drawing in small))
    assert wanted
    assert set(wanted) <= set(names)
    assert len(names) == len(set(names))
    for text in (hidden, *(drawing.svg for drawing in small)):
        ElementTree.fromstring(text)


def test_a_single_drawing_keeps_what_only_it_has(picture_of: Callable) -> None:
    drawing = draw_maps(picture_of(60, 120))[0]
    _, (alone,) = share([drawing])
    assert (alone.svg.count("<path"), alone.svg.count("<image")) == (
        drawing.svg.count("<path"),
        drawing.svg.count("<image"),
    )
