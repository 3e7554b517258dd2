"""`climcomp get`: a part of an archive as NetCDF or Zarr, or what its networks say at places."""

from __future__ import annotations

from pathlib import Path

from climcomp.errors import UsageError
from climcomp_workflows.cli.answer import Answer
from climcomp_workflows.cli.command import Adder, Options
from climcomp_workflows.cli.get_at import run_at

_EXAMPLES = """\
  climcomp get archive.zarr tas -o tas.nc                            all of one variable
  climcomp get archive.zarr tas pr --time 2000-06:2000-08 -o jja.nc  June to August, all of both
  climcomp get archive.zarr ta --level 850,500 --box=-10,35,30,60 -o europe.nc
  climcomp get archive.zarr tas --itime 0:12 --index lat=10:20 -o part.zarr
  climcomp get archive.zarr z --at 52.5,13.4,2000-07-01T06:00,level=850   between the grid points
  climcomp get archive.zarr z --at @stations.csv --level 850 -o z.csv     at a list of places

A box is WEST,SOUTH,EAST,NORTH in degrees (write --box=... where it begins with a minus); longitudes
may be -180 to 180 or 0 to 360, whatever the grid's are, and may cross its seam: then those before
the seam are turned by 360 degrees, so that they rise. On curved grids the smallest rectangle of
cells around the box is taken. Coordinates, bounds, grid mapping and cell measures come along.

--at asks variables that have coordinate networks (codec inr, previews) anywhere between their grid
points, without decoding their blocks; what comes has no bound. LAT,LON[,TIME], then NAME=VALUE for
other dimensions (--at=... where it begins with a minus), or @FILE: CSV whose first line has names
such as name,lat,lon,time,level. Columns that are no coordinates are carried over.
"""


def add(adder: Adder) -> None:
    """Add the command."""
    parser = adder.command("get", "write a part of an archive to NetCDF or Zarr", _EXAMPLES)
    parser.add_argument("store", help="the archive")
    parser.add_argument(
        "variables", nargs="+", metavar="VARIABLE", help="names, groups before them"
    )
    parser.add_argument(
        "-o", "--output", type=Path, help="out.nc or out.zarr; with --at out.csv, or none"
    )
    parser.add_argument(
        "--at",
        action="append",
        metavar="LAT,LON[,TIME]",
        help="what networks say at this place, or @FILE of places; may be said several times",
    )
    parser.add_argument(
        "--time", metavar="FIRST:LAST", help="dates, both included: 2000-01:2000-12"
    )
    parser.add_argument("--itime", metavar="I:J", help="positions in time, counted from 0")
    parser.add_argument("--box", metavar="W,S,E,N", help="degrees: west, south, east, north")
    parser.add_argument("--level", metavar="L,L", help="values of the level: 850,500 or 100:500")
    parser.add_argument("--ilevel", metavar="I:J", help="positions of the level, counted from 0")
    parser.add_argument(
        "--index",
        action="append",
        default=[],
        metavar="DIM=I:J",
        help="positions along any dimension; may be said several times",
    )
    parser.add_argument(
        "--mask-outside",
        action="store_true",
        help="on curved grids, make cells outside of the box missing",
    )
    parser.add_argument("--overwrite", action="store_true", help="replace what is there")
    parser.set_defaults(run=run)


def run(options: Options) -> Answer:
    """Select, then write; or ask at places."""
    if options.at:
        return run_at(options)
    if options.output is None:
        raise UsageError(
            "name a file to write, -o out.nc or -o out.zarr, or give a place with --at"
        )
    from climcomp.archive import open_archive
    from climcomp_metrics.report.quantity import size
    from climcomp_workflows.subset import (
        Request,
        parse_box,
        parse_levels,
        parse_times,
        select,
        write_subset,
    )

    if options.mask_outside and options.box is None:
        raise UsageError("--mask-outside says what becomes of cells outside of a --box; give one")
    request = Request(
        times=None if options.time is None else parse_times(options.time),
        box=None if options.box is None else parse_box(options.box),
        levels=None if options.level is None else parse_levels(options.level),
        indices=_indices(options),
        mask_outside=options.mask_outside,
    )
    subset = select(open_archive(options.store), options.variables, request)
    write_subset(subset, options.output, overwrite=options.overwrite)
    chosen = {v.spec.path: v for v in subset.variables}
    lines = [
        f"{v.path}: "
        + " x ".join(f"{dim} {n}" for dim, n in zip(v.spec.dims, v.shape, strict=True))
        for v in (chosen[name] for name in subset.asked)
    ]
    others = len(subset.variables) - len(subset.asked)
    if others:
        lines.append(f"with {others} coordinates and the like")
    lines += [f"note: {note}" for note in subset.notes]
    lines.append(f"wrote {options.output} ({size(subset.nbytes)} of values)")
    document = {
        "output": str(options.output),
        "store": options.store,
        "asked": list(subset.asked),
        "variables": [
            {"name": v.path, "from": v.spec.path, "dims": list(v.spec.dims), "shape": list(v.shape)}
            for v in subset.variables
        ],
        "notes": list(subset.notes),
        "bytes": subset.nbytes,
    }
    return Answer("\n".join(lines) + "\n", document)


def _indices(options: Options) -> dict[str, slice]:
    from climcomp_workflows.subset.request import parse_slice

    indices: dict[str, slice] = {}
    for text in options.index:
        dim, equals, part = text.partition("=")
        if not dim or not equals or dim.startswith("@"):
            raise UsageError(f"--index: found {text!r}, wanted DIMENSION=I:J such as lat=10:20")
        if dim in indices:
            raise UsageError(f"--index: {dim!r} is given twice")
        indices[dim] = parse_slice(part, f"--index {dim}")
    if options.itime is not None:
        indices["@time"] = parse_slice(options.itime, "--itime")
    if options.ilevel is not None:
        indices["@level"] = parse_slice(options.ilevel, "--ilevel")
    return indices
