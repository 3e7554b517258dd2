"""`climcomp plan`: what a run would do."""

from __future__ import annotations

import time

from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import Adder, Options, count, finish_line, say_on_stderr

_EXAMPLES = """\
  climcomp plan recipe.yaml                 what a run of this recipe would do
  climcomp plan quickstart                  the same for a recipe that comes with climcomp
  climcomp plan recipe.yaml --workers 64    how long it would take with 64 processes
  climcomp plan recipe.yaml --json          all of it for a script

Samples of the source are read and compressed, at most 2 % of it; nothing is stored. Each variable
is shown with its class, bound, ladder of codecs, layout and estimated size; at the end stand time,
energy, the storage saved, and money at the prices that the recipe states under cost. For variables
by ncx or inr it says whether a GPU of this machine would code them, and what they take without one;
fits of networks that would take the CPU over an hour are begun by `climcomp run` with --yes only,
or once it has asked.
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("plan", "show what a run would do, how small and how long", _EXAMPLES)
    parser.add_argument("recipe", help="a recipe file, or the name of one that comes with climcomp")
    parser.add_argument("--workers", type=count, metavar="N", help="estimate for N processes")
    parser.add_argument("--quiet", action="store_true", help="do not say what is being looked at")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Make the plan and show it."""
    from climcomp_workflows.plan.document import plan_document
    from climcomp_workflows.plan.make import make_plan
    from climcomp_workflows.plan.show import plan_text
    from climcomp_workflows.recipe import load_recipe
    from climcomp_workflows.run.agreement import long_fits
    from climcomp_workflows.workers import gpu_workers

    recipe = load_recipe(options.recipe)
    say = say_on_stderr(options)
    started = time.monotonic()
    plan, costs = make_plan(recipe, say=lambda name: say(f"looking at {name}"))
    seconds = time.monotonic() - started
    found = gpu_workers(recipe, options.workers)
    told = (found.workers, recipe.cost, seconds, found)
    finish_line(options)
    text = plan_text(plan, costs, *told)
    long = long_fits(plan, costs, found)
    asks = " --yes, or answer when it asks whether to begin such long fits" if long else ""
    text += f"\nNothing was stored. Run it with: climcomp run {options.recipe}{asks}\n"
    return Answer(text, plan_document(plan, costs, *told))
