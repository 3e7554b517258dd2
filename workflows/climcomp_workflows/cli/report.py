"""`climcomp report`: what was kept, lost and checked, in one archive or in two side by side."""

from __future__ import annotations

from pathlib import Path

from climcomp.errors import UsageError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import (
    Adder,
    Options,
    finish_line,
    say_on_stderr,
    write_file,
)

_EXAMPLES = """\
  climcomp report archive.zarr                      a verdict on each variable
  climcomp report archive.zarr --out report.html    the page again, figures drawn from the archive
  climcomp report archive.zarr --json               every number, limit and its source
  climcomp report --compare a.zarr b.zarr           two archives of the same source side by side
  climcomp report --compare a.zarr b.zarr --out both.html
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("report", "show the report of an archive, or of two", _EXAMPLES)
    parser.add_argument("store", nargs="?", help="the archive")
    parser.add_argument(
        "--compare", nargs=2, metavar="STORE", help="set these two side by side instead"
    )
    parser.add_argument(
        "--out", "--html", type=Path, metavar="FILE", dest="out", help="write the HTML page here"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace older pages")
    parser.add_argument("--quiet", action="store_true", help="do not say what is being drawn")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Print the report or the comparison, or write its page."""
    if (options.store is None) == (options.compare is None):
        found = "both" if options.store is not None else "neither"
        raise UsageError(
            f"found {found}, wanted one archive, or --compare with two: climcomp report --help"
        )
    return _one(options) if options.compare is None else _two(options)


def _one(options: Options) -> Answer:
    from climcomp.archive import open_archive
    from climcomp_metrics.report import render_text
    from climcomp_workflows.illustrate.redraw import make_pages, read_report

    _refuse_existing(options)
    archive = open_archive(options.store)
    report = read_report(archive)
    if options.out is None:
        return Answer(render_text(report), report.to_dict())
    pages = make_pages(archive, report, options.out.name, say_on_stderr(options))
    finish_line(options)
    written = []
    for name, text in pages.texts.items():
        path = options.out.parent / name
        path.parent.mkdir(exist_ok=True)
        write_file(path, text.encode(), overwrite=options.overwrite)
        written.append(str(path))
    beside = f", and {len(written) - 1} pages of figures beside it" if len(written) > 1 else ""
    remarks = "".join(f"  {remark}\n" for remark in pages.remarks)
    document = {"pages": written, "remarks": list(pages.remarks), **report.to_dict()}
    return Answer(f"wrote {options.out}{beside}\n{remarks}", document)


def _two(options: Options) -> Answer:
    from climcomp.archive import open_archive
    from climcomp_metrics.report import beside, render_beside_html, render_beside_text
    from climcomp_workflows.illustrate.redraw import read_report

    _refuse_existing(options)
    first, second = options.compare
    reports = read_report(open_archive(first)), read_report(open_archive(second))
    found = beside((first, second), reports)
    if options.out is None:
        return Answer(render_beside_text(found), found.to_dict())
    write_file(options.out, render_beside_html(found).encode(), overwrite=options.overwrite)
    return Answer(f"wrote {options.out}\n", {"pages": [str(options.out)], **found.to_dict()})


def _refuse_existing(options: Options) -> None:
    """Minutes of drawing must not end in this."""
    if options.out is not None and options.out.exists() and not options.overwrite:
        raise UsageError(f"{options.out} is there already: name another, or say --overwrite")
