"""A published archive seen as a source: with the roles, dates and grids of its variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from climcomp.archive import Archive
from climcomp.source import Source, SourceSpec, SourceVariable
from climcomp.source.model import StoredVariable
from climcomp.source.packing import fill_values, packing_of
from climcomp.source.roles import find_roles


@dataclass(frozen=True, kw_only=True)
class ArchiveView(Source):
    """The archive's variables with their roles; values come through the archive's own reader.

    Opening the store as a plain Zarr source would look at every object, and would not name damage.
    """

    archive: Archive

    def read(self, name: str, region: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """Values as they are stored: see `Archive.read`."""
        return self.archive.read(name, region)


def view_archive(archive: Archive) -> ArchiveView:
    """See an archive as a source; no values are read."""
    stored = {
        name: StoredVariable(
            name=name,
            dims=spec.dims,
            shape=spec.shape,
            dtype=spec.numpy_dtype,
            attributes=dict(spec.attributes),
            chunks=spec.written if spec.shape else None,
            storage_bytes=0,  # unknown without a look at every object, and nobody asks
        )
        for name, spec in archive.specs.items()
    }
    attributes = dict(archive.groups.get("", {}))
    roles = find_roles(stored, attributes)
    dimensions: dict[str, dict[str, int]] = {"": {}}
    for name, variable in stored.items():
        known = dimensions.setdefault(name.rpartition("/")[0], {})
        known.update(zip(variable.dims, variable.shape, strict=True))
    return ArchiveView(
        spec=SourceSpec((str(archive.store.root),)),
        attributes=attributes,
        groups={path: a for path, a in archive.groups.items() if path},
        dimensions=dimensions,
        unlimited=archive.unlimited,
        variables={
            name: SourceVariable(
                name=name,
                dims=one.dims,
                shape=one.shape,
                dtype=one.dtype,
                attributes=one.attributes,
                chunks=one.chunks,
                storage_bytes=one.storage_bytes,
                packing=packing_of(one.attributes, one.dtype),
                fill_values=fill_values(one.attributes, one.dtype),
                roles=roles[name],
            )
            for name, one in stored.items()
        },
        unsupported={},
        parts=(),
        archive=archive,
    )
