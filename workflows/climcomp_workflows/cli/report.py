"""`climcomp report`: what was kept, lost and checked."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from climcomp.errors import ArchiveDamagedError, ArchiveError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import Adder, Options, write_file

if TYPE_CHECKING:
    from climcomp.archive import Archive
    from climcomp_metrics.report import Report

REPORT = "report.json"
_EXAMPLES = """\
  climcomp report archive.zarr                      a verdict on each variable
  climcomp report archive.zarr --html report.html   the page, made again from the numbers
  climcomp report archive.zarr --json               every number, limit and its source
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("report", "show the report of an archive", _EXAMPLES)
    parser.add_argument("store", help="the archive")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write the HTML page here")
    parser.add_argument("--overwrite", action="store_true", help="replace an older page")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Print the report, or write its page."""
    from climcomp.archive import open_archive
    from climcomp_metrics.report import render_html, render_text

    archive = open_archive(options.store)
    report = stored_report(archive)
    if report is None:
        raise ArchiveError(
            f"{options.store} has no report: it is a subset or was not made by `climcomp run`. "
            "`climcomp inspect` shows what is in it."
        )
    if options.html is None:
        return Answer(render_text(report), report.to_dict())
    write_file(options.html, render_html(report).encode(), overwrite=options.overwrite)
    return Answer(f"wrote {options.html}\n", {"html": str(options.html), **report.to_dict()})


def stored_report(archive: Archive) -> Report | None:
    """The report that was published with an archive; None if there is none.

    Raises
    ------
    ArchiveDamagedError
        If it is no report.
    """
    from climcomp_metrics.report import Report

    if REPORT not in archive.documents:
        return None
    try:
        return Report.from_dict(json.loads(archive.document(REPORT)))
    except ValueError as err:
        raise ArchiveDamagedError(
            f"{REPORT} of {archive.store.root} is no JSON: {err}. Restore it from a copy."
        ) from err
