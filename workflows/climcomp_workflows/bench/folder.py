"""The folder of a bench: the names of its files, and whether it may be written."""

from __future__ import annotations

import json
from pathlib import Path

from climcomp.errors import UsageError

JSON, CSV, PAGE = "bench.json", "bench.csv", "bench.html"


def check_folder(folder: Path) -> None:
    """Refuse a folder that holds something else, before minutes of work.

    One that is absent or empty is taken, and one that holds an older bench, whose files are
    replaced.

    Raises
    ------
    UsageError
        If it is a file, or holds anything but a bench.
    """
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"--out: {folder} is a file; name a folder")
    if not folder.exists():
        return
    try:
        names = sorted(path.name for path in folder.iterdir())
    except OSError as err:
        raise UsageError(
            f"--out: {folder} cannot be read: {err.strerror or err}. Name another folder"
        ) from err
    if not names:
        return
    if not _is_bench(folder / JSON):
        some = ", ".join(names[:3]) + (", ..." if len(names) > 3 else "")
        raise UsageError(
            f"--out: {folder} is not empty and holds no bench ({some}); name another folder, or "
            f"empty this one"
        )


def _is_bench(path: Path) -> bool:
    try:
        document = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(document, dict) and "bench" in document
