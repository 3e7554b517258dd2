"""A finished figure, and the way from a painted sheet to it."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from climcomp.errors import MissingExtraError
from climcomp_metrics.report.figures.style import FONT_SIZE, RC
from climcomp_metrics.report.figures.svg import trim

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure to stand in a page.

    Parameters
    ----------
    title
        A heading of a few words.
    caption
        What it shows and how to read it, in plain words.
    alt
        What a reader who cannot see it should know: the finding, with its numbers.
    svg
        One `<svg>` element without style sheet or script; its text and axes are in
        `currentColor`, its fonts those of the page.
    width, height
        In pixels, as it was designed; it scales.
    """

    title: str
    caption: str
    alt: str
    svg: str
    width: int
    height: int

    @property
    def size_bytes(self) -> int:
        """Of the figure itself, as UTF-8."""
        return len(self.svg.encode())

    def _repr_svg_(self) -> str:
        """What a notebook shows."""
        return self.svg


def require_matplotlib() -> None:
    """Make sure that figures can be drawn.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    """
    try:
        import matplotlib.figure  # noqa: F401
    except ImportError as error:
        raise MissingExtraError(
            "matplotlib is not installed, which draws the figures of the report: "
            "pip install 'climcomp[report]', or write the report without figures"
        ) from error


def render(
    paint: Callable[[Figure], None],
    width: int,
    height: int,
    title: str,
    caption: str,
    alt: str,
) -> Drawing:
    """The drawing of what `paint` puts on an empty sheet; one unit of it is a pixel and a point.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Notes
    -----
    Settings of matplotlib are changed while it draws, so that two threads must not draw at once.
    """
    require_matplotlib()
    from matplotlib import rc_context
    from matplotlib.backends.backend_svg import FigureCanvasSVG
    from matplotlib.figure import Figure

    buffer = io.BytesIO()
    with rc_context(RC):
        figure = Figure(figsize=(width / 72.0, height / 72.0), dpi=72)
        FigureCanvasSVG(figure)
        paint(figure)
        metadata = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(buffer, format="svg", transparent=True, dpi=144, metadata=metadata)
    return Drawing(title, caption, alt, trim(buffer.getvalue(), alt, FONT_SIZE), width, height)
