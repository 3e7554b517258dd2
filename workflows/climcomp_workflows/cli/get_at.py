"""`climcomp get --at`: what networks say at places, between grid points and steps."""

from __future__ import annotations

from climcomp.errors import UsageError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import Options, write_file

# What chooses parts to be written, and says nothing of a place.
_IDLE = ("time", "box", "mask_outside")


def run_at(options: Options) -> Answer:
    """Ask, and print or write the table."""
    from climcomp.archive import open_archive
    from climcomp_workflows.at_places import (
        ask_at,
        csv_text,
        document_of,
        parse_places,
        text_of,
    )

    for key in _IDLE:
        if getattr(options, key):
            raise UsageError(
                f"--at gives places, and --{key.replace('_', '-')} the part of a grid: leave one "
                "out (a place has its time in --at LAT,LON,TIME)"
            )
    output = options.output
    if output is not None and output.suffix.lower() != ".csv":
        raise UsageError(f"{output}: --at gives a table; wanted the name of a .csv file, or none")
    places = parse_places(options.at)
    if options.level is not None:
        if "," in options.level or ":" in options.level:
            raise UsageError(
                f"--level: found {options.level!r}; with --at, wanted one level for all places, or "
                "level=L in each --at"
            )
        places = places.with_column("level", options.level, "--level")
    asked = ask_at(open_archive(options.store), options.variables, places, _indices(options))
    document = {"store": options.store, **document_of(asked)}
    if output is None:
        return Answer(text_of(asked), document)
    write_file(output, csv_text(asked).encode(), overwrite=options.overwrite)
    statements = dict.fromkeys(answer.statement for answer in asked.answers)
    lines = [*statements, f"wrote {output}: {places.count} places"]
    return Answer("\n".join(lines) + "\n", {**document, "output": str(output)})


def _indices(options: Options) -> dict[str, float]:
    """One position along each dimension that has one."""
    given = [("--index", *text.partition("=")[::2]) for text in options.index]
    given += [("--itime", "time", options.itime)] if options.itime is not None else []
    given += [("--ilevel", "level", options.ilevel)] if options.ilevel is not None else []
    found: dict[str, float] = {}
    for option, dim, text in given:
        try:
            position = float(text)
        except ValueError:
            position = -1.0
        if not dim or not position >= 0 or dim in found:
            raise UsageError(
                f"{option}: found {dim}={text}; with --at, wanted one position from 0 along each "
                "dimension, such as --index member=3"
            )
        found[dim] = position
    return found
