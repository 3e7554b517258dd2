"""`climcomp verify`: is the archive still what was published, and as good as it said?"""

from __future__ import annotations

import os
import re
from pathlib import Path

from climcomp.errors import UsageError
from climcomp_workflows.cli.answer import DONE, REFUSED, Answer, json_text
from climcomp_workflows.cli.command import Adder, Options, finish_line, say_on_stderr, write_file

_EXAMPLES = """\
  climcomp verify archive.zarr                              every object against its checksum
  climcomp verify archive.zarr --source                     and every bound, mask and test again
  climcomp verify archive.zarr --source --receipt kept.json the receipt to keep before originals go
  climcomp verify archive.zarr --source-files "/tape/*.nc"  where the source's files are now
  climcomp verify archive.zarr --source-files "sst=/a/*.nc" "air=/b/*.nc"   by group of the archive
  climcomp verify archive.zarr --source --full              every test on every time step
  climcomp verify archive.zarr --source --plugins my_metrics.py   with the recipe's own metrics

Code of the recipe's own metrics lies in the archive; it runs only if you have the same file
(--plugins) or say --trust-plugins. Exit code 1 if anything is damaged or fails.
"""
_GROUP_AND_FILES = re.compile(r"(?P<group>[A-Za-z0-9][A-Za-z0-9_.\-]*|)=(?P<files>.+)")


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("verify", "check an archive, with its source or without", _EXAMPLES)
    parser.add_argument("store", help="the archive")
    parser.add_argument(
        "--source",
        action="store_true",
        help="compare every value with the source again, where the plan says it is",
    )
    parser.add_argument(
        "--source-files",
        nargs="+",
        metavar="[GROUP=]FILES",
        help="the same with the source's files found here",
    )
    parser.add_argument(
        "--full",
        action="store_true",
        help="measure every time step where the run measured a sample of them",
    )
    parser.add_argument(
        "--plugins",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="run the recipe's own metrics of which these files are copies",
    )
    parser.add_argument(
        "--trust-plugins",
        action="store_true",
        help="run the code that lies in the archive: be sure whose it is",
    )
    parser.add_argument(
        "--receipt", type=Path, metavar="FILE", help="write the receipt: JSON to FILE, text beside"
    )
    parser.add_argument("--overwrite", action="store_true", help="replace an older receipt")
    parser.add_argument("--quiet", action="store_true", help="do not say what is being checked")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Verify, and write the receipt if one is wanted."""
    from climcomp_workflows.verify import verify_archive

    text_file = None
    if options.receipt is not None:
        text_file = options.receipt.with_suffix(".txt")
        if text_file == options.receipt:
            text_file = options.receipt.with_suffix(".text.txt")
        for path in (options.receipt, text_file):
            # Hours of checking must not end in this.
            if path.exists() and not options.overwrite:
                raise UsageError(f"{path} is there already: name another, or say --overwrite")
    sources = None if options.source_files is None else source_files(options.source_files)
    receipt = verify_archive(
        options.store,
        source=options.source or sources is not None,
        sources=sources,
        full=options.full,
        trust_plugins=options.trust_plugins,
        plugins=options.plugins,
        say=say_on_stderr(options),
    )
    finish_line(options)
    document, text = receipt.to_dict(), receipt.text()
    if options.receipt is not None and text_file is not None:
        write_file(options.receipt, json_text(document).encode(), overwrite=options.overwrite)
        write_file(text_file, text.encode(), overwrite=options.overwrite)
        text = f"{text.rstrip()}\nReceipt: {options.receipt} and {text_file}\n"
    return Answer(text.rstrip() + "\n", document, DONE if receipt.ok else REFUSED)


def source_files(texts: list[str]) -> dict[str, tuple[str, ...]]:
    """Files by group of the archive; those without "GROUP=" are the root's.

    Paths become absolute, globs stay globs.
    """
    found: dict[str, tuple[str, ...]] = {}
    for text in texts:
        match = None if os.path.exists(text) else _GROUP_AND_FILES.fullmatch(text)
        group, files = ("", text) if match is None else (match["group"], match["files"])
        path = files if "://" in files else os.path.abspath(os.path.expanduser(files))
        found[group] = (*found.get(group, ()), path)
    return found
