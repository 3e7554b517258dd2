"""A variable's figures, and pages with them; what cannot be drawn keeps no page from being made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from climcomp.errors import MissingExtraError
from climcomp_metrics.report import Report, VariableReport, drawn, render_pages
from climcomp_metrics.report.drawn import VariableFigures, draw_variable
from climcomp_metrics.report.figures import Illustration, to_bytes
from climcomp_metrics.report.figures.illustration import Tails
from climcomp_metrics.report.names import Names, names_for

MakeVariable = Callable[..., VariableReport]
MakeReport = Callable[..., Report]


def illustration(**changes: Any) -> Illustration:
    """Tails alone; the rest is absent for a reason."""
    share = np.geomspace(0.5, 1e-4, 20).astype(np.float32)
    tails = Tails(share, 0 * share, 0 * share, 270 + share, 300 - share, 100_000)
    made = Illustration("tas", 0, "tas at plev 850 hPa", "K", "C", 2.0, tails=tails,
                        absent={"maps": "30 time steps are needed, not 3"})  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def variable(kept_variable: MakeVariable) -> VariableReport:
    return kept_variable(figures="figures/tas.npz")


def test_figures_are_headed_by_the_level_and_absent_ones_say_why(variable: VariableReport) -> None:
    found = draw_variable(variable, to_bytes(illustration()))
    assert found.title == "tas at plev 850 hPa"
    assert [drawing.title for drawing in found.drawings] == [
        "tas at plev 850 hPa: shifts of the tails"
    ]
    assert found.absent == ("Maps of the errors: 30 time steps are needed, not 3",)


@pytest.mark.parametrize("stored", [b"no npz", None])
def test_damaged_data_are_named_and_the_rest_is_drawn(
    variable: VariableReport, stored: bytes | None
) -> None:
    found = draw_variable(variable, stored)
    assert found.drawings == ()
    assert "damaged" in found.absent[0]


def test_a_figure_that_breaks_leaves_the_others(
    variable: VariableReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("no tails")

    stored = to_bytes(illustration())
    monkeypatch.setattr(drawn, "draw_tails", broken)
    found = draw_variable(variable, stored)
    assert found.drawings == ()
    assert "Tails: could not be drawn (ZeroDivisionError: no tails)" in found.absent


def test_without_matplotlib_the_extra_is_named(
    variable: VariableReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing() -> None:
        raise MissingExtraError("pip install 'climcomp[report]'")

    monkeypatch.setattr(drawn, "require_matplotlib", missing)
    with pytest.raises(MissingExtraError, match="climcomp"):
        draw_variable(variable, None)


def test_a_page_without_drawings_says_what_would_draw_them(
    variable: VariableReport, report_of: MakeReport
) -> None:
    (page,) = render_pages(report_of(variable)).values()
    assert "Figures need matplotlib: pip install &#x27;climcomp[report]&#x27;" in page


def test_a_page_says_why_a_variable_has_no_figures(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    variable = kept_variable(no_figures="the recipe says report: {figures: false}")
    (page,) = render_pages(report_of(variable)).values()
    assert "<b>tas</b>: the recipe says report: {figures: false}" in page
    assert "matplotlib" not in page


def test_hostile_texts_stay_text_in_figures(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    name = "<script>alert(1)</script>\x1b\u202e"
    variable = kept_variable(name, figures="f.npz", unit="</svg><b>K")
    hostile = illustration(variable=name, title=name, unit="</svg><b>K")
    figures = draw_variable(variable, to_bytes(hostile))
    assert len(figures.drawings) == 1
    (page,) = render_pages(report_of(variable), {name: figures}).values()
    assert "<script>" not in page
    assert "</svg><b>K" not in page
    assert not set(page) & set("\x1b\u202e")


def test_200_variables_are_under_15_mb_or_on_pages_of_their_own(
    kept_variable: MakeVariable, report_of: MakeReport
) -> None:
    variables = [kept_variable(f"v{n}", figures="f.npz") for n in range(200)]
    drawing = draw_variable(variables[0], to_bytes(illustration())).drawings[0]
    # As large as twelve figures of a globe of 0.25 degrees are.
    large = replace(
        drawing, svg=drawing.svg.replace("</svg>", f"<desc>{'x' * 70_000}</desc></svg>")
    )
    figures = {v.name: VariableFigures(v.name, v.name, (large,)) for v in variables}
    pages = render_pages(report_of(*variables), figures)
    assert len(pages) == 201
    assert max(len(page.encode()) for page in pages.values()) < 15_000_000
    few = render_pages(report_of(*variables[:40]), figures)
    assert list(few) == ["report.html"]


def test_the_same_figures_give_the_same_pages(
    variable: VariableReport, report_of: MakeReport
) -> None:
    stored = to_bytes(illustration())
    report = report_of(variable)
    first, second = (
        render_pages(report, {"tas": draw_variable(variable, stored)}) for _ in range(2)
    )
    assert first == second


def test_pages_beside_another_file_are_named_after_it() -> None:
    assert Names().of_figures("a/b %") == "figures/a%2Fb%20%25.html"
    assert names_for("my.report.html").of_figures("tas") == "my.report-figures/tas.html"
