"""`climcomp inspect`: what is in an archive."""

from __future__ import annotations

from climcomp.errors import UsageError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import Adder, Options

_EXAMPLES = """\
  climcomp inspect archive.zarr                     variables, sizes, codecs, bounds and errors
  climcomp inspect archive.zarr tas                 one variable: layout, objects, codecs by block
  climcomp inspect archive.zarr tas --chunk 0,2,1   what one inner chunk says of itself
  climcomp inspect unfinished.zarr                  how far a stopped run has come
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("inspect", "show what is in an archive", _EXAMPLES)
    parser.add_argument("store", help="the archive, finished or not")
    parser.add_argument("variable", nargs="?", help="look at this one more closely")
    parser.add_argument("--chunk", metavar="I,J,..", help="the header of this inner chunk")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Look at the archive, at a variable, at a chunk, or at an unfinished run."""
    from climcomp.archive import is_published, open_archive, open_store
    from climcomp.archive.keys import FOLDER
    from climcomp_workflows import inspect_archive as look
    from climcomp_workflows.illustrate.redraw import stored_report

    store = open_store(options.store)
    if options.chunk is not None and options.variable is None:
        raise UsageError("--chunk needs the name of a variable before it")
    if not is_published(store) and next(store.list(FOLDER), None) is not None:
        unfinished = look.unfinished(store)
        return Answer(look.unfinished_text(unfinished), unfinished)
    archive = open_archive(options.store)
    report = stored_report(archive)
    if options.variable is None:
        found = look.archive_document(archive, report)
        return Answer(look.archive_text(found), found)
    name = look.full_name(archive, options.variable)
    if options.chunk is None:
        found = look.variable_document(archive, report, name)
        return Answer(look.variable_text(found), found)
    found = look.chunk_document(archive, name, _index(options.chunk))
    return Answer(look.chunk_text(found), found)


def _index(text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.replace(".", ",").split(",") if part.strip())
    except ValueError:
        raise UsageError(f"--chunk: found {text!r}, wanted positions such as 0,2,1") from None
