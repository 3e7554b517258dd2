"""`climcomp bench`: every codec at many bounds, on samples of a recipe's variables."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from climcomp.errors import MissingExtraError, StorageError, UsageError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import (
    Adder,
    Options,
    Say,
    count,
    finish_line,
    say_on_stderr,
    write_file,
)

if TYPE_CHECKING:
    from climcomp_workflows.bench.figures import BenchFigures
    from climcomp_workflows.bench.model import Bench

_EXAMPLES = """\
  climcomp bench recipe.yaml                              every codec at nine bounds
  climcomp bench recipe.yaml --variables t2m,tp           these variables alone
  climcomp bench recipe.yaml --codecs sz3,zfp --bounds 5  these codecs at five bounds
  climcomp bench recipe.yaml --out bench --json           bench/bench.json, and the same here

Samples of the source are read; nothing of it is stored. The bounds go from 1/16 of the plan's to 16
times it. The folder, NAME-bench for a recipe of that name, gets bench.json, bench.csv (a row for
each variable, codec, bound and level) and bench.html: size against error and speed, every metric,
where each suite first fails, and Bjontegaard-delta rates between codecs. An older bench in it is
replaced.
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("bench", "try every codec at many bounds on your own data", _EXAMPLES)
    parser.add_argument("recipe", help="a recipe file, or the name of one that comes with climcomp")
    parser.add_argument("--out", type=Path, metavar="DIR", help="the folder for the files")
    parser.add_argument("--variables", metavar="NAMES", help="of these alone: t2m,tp")
    parser.add_argument("--codecs", metavar="NAMES", help="with these alone: sz3,zfp")
    parser.add_argument(
        "--bounds", type=count, metavar="N", help="how many bounds (9); 4 or more compare codecs"
    )
    parser.add_argument("--quiet", action="store_true", help="do not say what is being tried")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Bench, write the files, show the short of it."""
    from climcomp_workflows.bench.document import to_dict, to_json
    from climcomp_workflows.bench.folder import CSV, JSON, PAGE, check_folder
    from climcomp_workflows.bench.grid import USUAL_COUNT
    from climcomp_workflows.bench.make import Wanted, make_bench
    from climcomp_workflows.bench.page import render_page
    from climcomp_workflows.bench.table import csv_text
    from climcomp_workflows.bench.text import bench_text
    from climcomp_workflows.recipe import load_recipe

    recipe = load_recipe(options.recipe)
    folder = options.out or Path(f"{recipe.name}-bench")
    check_folder(folder)
    wanted = Wanted(
        _names(options.variables, "--variables"),
        _names(options.codecs, "--codecs"),
        options.bounds or USUAL_COUNT,
    )
    say = say_on_stderr(options)
    with _made(folder):
        bench = make_bench(recipe, wanted, say)
        figures, remark = _draw(bench, say)
    finish_line(options)
    texts = {JSON: to_json(bench), CSV: csv_text(bench), PAGE: render_page(bench, figures)}
    for name, text in texts.items():
        write_file(folder / name, text.encode(), overwrite=True)
    files = [str(folder / name) for name in texts]
    said = f"{bench_text(bench)}\nwrote {', '.join(files)}\n{remark}"
    return Answer(said, {"files": files, "remark": remark.strip(), **to_dict(bench)})


@contextlib.contextmanager
def _made(folder: Path) -> Iterator[None]:
    """Make the folder before minutes of work; one that is still empty when they fail goes again."""
    was_there = folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as err:
        raise StorageError(
            f"{folder} cannot be made: {err.strerror or err}. Name another folder with --out."
        ) from err
    try:
        yield
    except BaseException:
        if not was_there:
            with contextlib.suppress(OSError):
                folder.rmdir()
        raise


def _names(text: str | None, option: str) -> tuple[str, ...] | None:
    """The names of a list with commas; None where the option is not given."""
    if text is None:
        return None
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise UsageError(f"{option}: found {text!r}, wanted names with commas between them")
    return names


def _draw(bench: Bench, say: Say) -> tuple[dict[str, BenchFigures] | None, str]:
    """The figures by variable; None and a remark where matplotlib is not installed."""
    from climcomp_metrics.report.figures.drawing import require_matplotlib
    from climcomp_workflows.bench.figures import draw_variable

    try:
        require_matplotlib()
    except MissingExtraError:
        return None, (
            "bench.html has no figures: they need matplotlib, pip install 'climcomp[report]'\n"
        )
    drawn = {}
    for variable in bench.variables:
        say(f"drawing {variable.name}")
        drawn[variable.name] = draw_variable(variable)
    return drawn, ""
