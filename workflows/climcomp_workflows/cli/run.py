"""`climcomp run`: make the archive."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING

from climcomp_workflows.cli.answer import DONE, REFUSED, STOPPED, Answer
from climcomp_workflows.cli.command import Adder, Options, count
from climcomp_workflows.cli.failure import exit_code

if TYPE_CHECKING:
    from climcomp_workflows.recipe import Recipe
    from climcomp_workflows.run import RunOutcome

_EXAMPLES = """\
  climcomp run recipes/quickstart.yaml               two small data sets that come with climcomp
  climcomp run recipe.yaml --workers 16              sixteen processes instead of all cores
  climcomp run recipe.yaml --store /scratch/t2m.zarr write the archive there
  climcomp run recipe.yaml --full                    measure every time step, take no samples
  climcomp run recipe.yaml --quiet --json >run.json  for a batch job
  climcomp run recipe.yaml --yes                     even if fits of networks take over an hour

Every value is checked against its bound before the archive is published; until then no reader sees
it. Ctrl-C, SIGTERM or a full disk leave a run that the same command takes up where it stood.
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("run", "make the archive of a recipe, checked and published", _EXAMPLES)
    parser.add_argument("recipe", help="a recipe file, or the name of one that comes with climcomp")
    parser.add_argument("--store", metavar="DIR", help="write here instead of output.store")
    parser.add_argument("--workers", type=count, metavar="N", help="N local processes")
    parser.add_argument(
        "--full",
        action="store_true",
        help="measure every time step where METRICS takes samples: like checks: {full: true}",
    )
    parser.add_argument(
        "--take-over",
        action="store_true",
        help="take the store from another run that seems alive: be sure that it is dead",
    )
    parser.add_argument(
        "--yes",
        action="store_true",
        help="agree to fits of networks that take over an hour without a GPU",
    )
    parser.add_argument("--quiet", action="store_true", help="no progress on standard error")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Run the recipe; where it is stopped, say how to go on."""
    from climcomp_workflows.recipe import load_recipe
    from climcomp_workflows.run import run_recipe
    from climcomp_workflows.run.progress import Silent, make_progress

    recipe = _as_told(load_recipe(options.recipe), options)
    silent = options.quiet or options.json
    progress = Silent() if silent else make_progress(sys.stderr)
    try:
        outcome = run_recipe(
            recipe,
            progress=progress,
            take_over=options.take_over,
            agree=functools.partial(_agrees, options),
        )
    except (Exception, KeyboardInterrupt) as error:
        if exit_code(error) == STOPPED:
            # Of a KeyboardInterrupt no more is shown than its first argument.
            advice = f"To go on, run the same again: {_again(options)}"
            if isinstance(error, KeyboardInterrupt):
                error.args = (f"{str(error) or 'by Ctrl-C'}. What is done is kept. {advice}",)
            else:
                error.add_note(advice)
        raise
    return _answer(outcome)


def _agrees(options: Options, told: str) -> bool:
    """Whether a person agrees to long fits: by an option, or when asked on a terminal."""
    if options.yes:
        return True
    if options.json or not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    print(f"{told[:1].upper()}{told[1:]}. Begin? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _as_told(recipe: Recipe, options: Options) -> Recipe:
    """The recipe with what the command line says instead."""
    update: dict[str, object] = {}
    if options.store is not None:
        update["output"] = recipe.output.model_copy(update={"store": options.store})
    if options.workers is not None:
        changed = {"kind": "local", "workers": options.workers}
        update["cluster"] = recipe.cluster.model_copy(update=changed)
    if options.full:
        update["checks"] = recipe.checks.model_copy(update={"full": True})
    return recipe.model_copy(update=update)


def _again(options: Options) -> str:
    words = ["climcomp", "run", options.recipe]
    words += ["--store", options.store] if options.store is not None else []
    words += ["--workers", str(options.workers)] if options.workers is not None else []
    words += ["--full"] if options.full else []
    words += ["--yes"] if options.yes else []
    return " ".join(words)


def _answer(outcome: RunOutcome) -> Answer:
    from climcomp_metrics.report import headline, totals

    document = {
        "store": outcome.store,
        "published": True,
        "already_published": outcome.already_published,
        "resumed": outcome.resumed,
        "refused": list(outcome.refused),
        "report": None if outcome.report is None else outcome.report.to_dict(),
    }
    code = REFUSED if outcome.refused else DONE
    if outcome.report is None:
        text = f"{outcome.store} was published before by this recipe; nothing was to be done.\n"
        return Answer(text, document, code)
    lines = [headline(outcome.report), totals(outcome.report)]
    if outcome.refused:
        names = ", ".join(outcome.refused)
        lines.append(f"Refused, and not in the archive: {names}. The report says why.")
    lines += [
        f"Published: {outcome.store}",
        f"  climcomp report {outcome.store}             what was kept, lost and checked",
        f"  climcomp verify {outcome.store} --source    before originals are deleted",
    ]
    return Answer("\n".join(lines) + "\n", document, code)
