"""One inner chunk of an archive: where its bytes lie, and what its payload says of itself."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from climcomp import blocks
from climcomp.archive import Archive
from climcomp.archive.stored_chunk import read_chunk
from climcomp.errors import ArchiveDamagedError, PayloadError, UsageError
from climcomp.frame import read_header
from climcomp_metrics.report.quantity import quantity, size

_BODIES = ("all special values", "one value everywhere", "a block", "the ordinary values alone")


def chunk_document(archive: Archive, name: str, index: tuple[int, ...]) -> dict[str, Any]:
    """What is stored of one inner chunk.

    Raises
    ------
    UsageError
        If the array has no such chunk.
    ArchiveDamagedError
        If the object or the chunk is damaged.
    """
    spec = archive.specs[name]
    try:
        region = blocks.chunk_region(index, spec.shape, spec.chunk)
    except IndexError as err:
        grid = blocks.grid_shape(spec.shape, spec.chunk)
        last = ",".join(str(max(0, count - 1)) for count in grid)
        raise UsageError(
            f"--chunk: {name} has no chunk {','.join(map(str, index))}; they go from "
            f"{','.join('0' for _ in grid)} to {last}"
        ) from err
    # Not by the archive's own reader: what is damaged is to be looked at, too.
    stored = read_chunk(archive.store, spec, index)
    document: dict[str, Any] = {
        "store": str(archive.store.root),
        "name": name,
        "chunk": list(index),
        "values": [[part.start, part.stop] for part in region],
        "key": stored.key,
        "offset": stored.offset,
        "size_bytes": len(stored.data),
        "raw_bytes": math.prod(blocks.region_shape(region)) * spec.numpy_dtype.itemsize,
        "header": None,
    }
    if spec.codec == "block":
        try:
            header = read_header(stored.data)
        except PayloadError as err:
            raise ArchiveDamagedError(
                f"{stored.key}: inner chunk {index} of {name}: {err}. Restore the object from a "
                "copy."
            ) from err
        fields = asdict(header)
        fields["dtype"] = header.dtype.name
        fields["fill_bits"] = header.fill_bits.hex()
        fields["bound"] = header.bound and header.bound.to_dict()
        document["header"] = fields
    return document


def chunk_text(document: dict[str, Any]) -> str:
    """The chunk in lines."""
    values = ", ".join(f"{start}:{stop}" for start, stop in document["values"])
    lines = [
        f"{document['name']}[{values}], chunk {','.join(map(str, document['chunk']))}",
        f"  object    {document['key']}, bytes {document['offset']:,} to "
        f"{document['offset'] + document['size_bytes']:,}",
        f"  size      {size(document['size_bytes'])} of {size(document['raw_bytes'])}",
    ]
    header = document["header"]
    if header is None:
        return "\n".join([*lines, "  coded by standard Zarr codecs: it has no header"]) + "\n"
    bound = header["bound"]
    asked = "none: every bit is kept"
    if bound is not None:
        is_preview = bound["kind"] == "none"
        asked = "none: a preview" if is_preview else f"{bound['value']:g} {bound['kind']}"
    extent = "" if header["extent"] == header["shape"] else f", coded {header['extent']}"
    lines += [
        f"  codec     {header['codec']} ({header['library']}), frame {header['frame']}",
        "  checksum  right",
        f"  values    {header['dtype']} {tuple(header['shape'])}{extent}",
        f"  bound     {asked}",
        f"  body      {_BODIES[header['body']]}, {size(header['body_bytes'])}",
        f"  mask      {size(header['mask_bytes'])}"
        + ("" if header["mask_bytes"] else ": no special values"),
    ]
    if header["keepbits"] is not None:
        lines.insert(-2, f"  keepbits  {quantity(header['keepbits'], '')}")
    return "\n".join(lines) + "\n"
