"""`climcomp init`: a recipe for these files."""

from __future__ import annotations

import os
from pathlib import Path

from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import (
    Adder,
    Options,
    finish_line,
    say_on_stderr,
    write_file,
)

_EXAMPLES = """\
  climcomp init "data/tas_*.nc" -o recipe.yaml    a commented recipe for all of them
  climcomp init model.nc                          the same, printed
  climcomp init "era5/*.nc" --store /archive/era5.zarr -o era5.yaml

Quote patterns: then they go into the recipe as patterns, and not file by file. Samples are read to
tell the class and the default bound of each variable. Then: climcomp plan recipe.yaml
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("init", "write a recipe for these files", _EXAMPLES)
    parser.add_argument("files", nargs="+", metavar="FILES", help="files, patterns or Zarr stores")
    parser.add_argument("-o", "--output", type=Path, help="the recipe; without it, it is printed")
    parser.add_argument("--store", metavar="DIR", help="the archive that the recipe will make")
    parser.add_argument("--overwrite", action="store_true", help="replace an older recipe")
    parser.add_argument("--quiet", action="store_true", help="do not say what is being looked at")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Write the recipe."""
    from climcomp.errors import UsageError
    from climcomp_workflows.init_recipe import init_recipe

    if options.output is not None and options.output.exists() and not options.overwrite:
        raise UsageError(f"{options.output} is there already: name another, or say --overwrite")
    folder = Path.cwd() if options.output is None else options.output.absolute().parent
    say = say_on_stderr(options)
    text = init_recipe(
        options.files,
        folder=folder,
        store=options.store,
        say=lambda name: say(f"looking at {name}"),
    )
    finish_line(options)
    if options.output is None:
        return Answer(text, {"recipe": text, "output": None})
    write_file(options.output, text.encode(), overwrite=options.overwrite)
    shown = os.path.relpath(options.output)
    said = f"wrote {shown}\nLook through it, then: climcomp plan {shown}\n"
    return Answer(said, {"recipe": text, "output": str(options.output)})
