"""Reading a published archive, with damage named instead of read as fill values."""

from __future__ import annotations

import json
import os
from bisect import bisect_right
from collections.abc import Iterator
from typing import Any

import numpy as np
import zarr
from numpy.typing import NDArray

from climcomp import blocks
from climcomp.archive.attributes import CodedAttributes, decode_attributes
from climcomp.archive.damage import read_region
from climcomp.archive.keys import ATTRIBUTES_KEY, FOLDER, ROOT_KEY, is_published
from climcomp.archive.manifest import (
    Entry,
    read_index,
    read_manifest,
    read_segment,
)
from climcomp.archive.spec import ArraySpec, shard_key
from climcomp.archive.store import ArchiveStore, open_store
from climcomp.archive.stored_chunk import StoredChunk, read_chunk, shard_of
from climcomp.errors import ArchiveDamagedError, ArchiveError, UsageError
from climcomp.zarr_codec import BlockCodec

_GROUP = FOLDER.rstrip("/")


class Archive:
    """A published archive; it keeps those parts of the manifest that it has read.

    Parameters
    ----------
    store
        That it lies in.
    root
        Its Zarr group, opened for reading.

    Raises
    ------
    ArchiveDamagedError
        If the manifest or the attributes are not those published.
    """

    store: ArchiveStore
    manifest_sha256: str
    """Checksum of the manifest's index."""
    groups: dict[str, dict[str, Any]]
    """Attributes of every group by its path, "" for the root, typed as in the source."""
    specs: dict[str, ArraySpec]
    """Of every array by its path, attributes typed as in the source."""
    unlimited: dict[str, tuple[str, ...]]
    """Names of the unlimited dimensions by the path of their group."""

    def __init__(self, store: ArchiveStore, root: zarr.Group) -> None:
        self.store = store
        nodes = dict(root.members(max_depth=None))
        own: dict[str, Any] = nodes.pop(_GROUP).attrs.asdict()  # Any: JSON
        self.manifest_sha256 = own["manifest"]["sha256"]
        self.unlimited = {path: tuple(dims) for path, dims in own["unlimited_dimensions"].items()}
        self._index = read_index(store, self.manifest_sha256)
        self._segments: dict[int, dict[str, Entry]] = {}
        lost = json.loads(self.document(ATTRIBUTES_KEY.removeprefix(FOLDER)))
        self._arrays: dict[str, zarr.Array[Any]] = {}
        self.groups = {}
        self.specs = {}
        for path, node in {"": root, **nodes}.items():
            coded = CodedAttributes(
                node.attrs.asdict(), lost["types"].get(path, {}), lost["hidden"].get(path, {})
            )
            if isinstance(node, zarr.Group):
                self.groups[path] = decode_attributes(coded)
            else:
                self._arrays[path] = node
                self.specs[path] = _spec(path, node, coded)

    @property
    def documents(self) -> tuple[str, ...]:
        """Names of the documents: recipe.yaml, plan.json, report.json, ..."""
        names = (
            entry.key.removeprefix(FOLDER)
            for number, segment in enumerate(self._index.segments)
            if segment.first[: len(FOLDER)] <= FOLDER <= segment.last
            for entry in self._segment(number).values()
            if entry.key.startswith(FOLDER) and entry.key != ATTRIBUTES_KEY
        )
        return tuple(names)

    def document(self, name: str) -> bytes:
        """A document's bytes, checked against the manifest.

        Raises
        ------
        UsageError
            If the archive has no such document.
        ArchiveDamagedError
            If it is missing or is not the one published.
        """
        key = FOLDER + name
        entry = self.entry(key)
        if entry is None:
            raise UsageError(
                f"{self.store.root} has no document {name!r}; it has {', '.join(self.documents)}"
            )
        self._check_size(entry)
        if self.store.digest(key) != entry.sha256:
            raise ArchiveDamagedError(
                f"{key} in {self.store.root} is not the document that was published: its checksum "
                "differs. Restore it from a copy."
            )
        return self.store.get(key)

    def manifest(self) -> Iterator[Entry]:
        """Every object of the archive but the manifest, climcomp's group and the root metadata.

        Raises
        ------
        ArchiveDamagedError
            If the manifest is not the one published.
        """
        return read_manifest(self.store, self.manifest_sha256)

    def entry(self, key: str) -> Entry | None:
        """What the manifest says of one object; None if it has no such key."""
        number = bisect_right([segment.first for segment in self._index.segments], key) - 1
        if number < 0:
            return None
        return self._segment(number).get(key)

    def read(self, name: str, region: tuple[slice, ...] | None = None) -> NDArray[Any]:
        """Values as the source stored them: not masked, not unpacked, times not decoded.

        Parameters
        ----------
        region
            One slice a dimension, without steps; None: all of the array.

        Raises
        ------
        UsageError
            If the archive has no such variable, or the region does not fit it.
        ArchiveDamagedError
            If an object is missing, is of another length than published, or does not decode; the
            variable, the object and the inner chunk are named.
        """
        spec = self.specs.get(name)
        if spec is None:
            raise UsageError(f"{self.store.root} has no variable {name!r}; it has {self._names()}")
        try:
            part = blocks.clipped(region or blocks.whole_region(spec.shape), spec.shape)
        except IndexError as err:
            raise UsageError(f"{name}: {err}") from err
        for index in blocks.touched_indices(part, spec.written):
            self._check_object(shard_key(spec, index))
        return read_region(self._arrays[name], spec, part)

    def stored_chunk(self, name: str, index: tuple[int, ...]) -> StoredChunk:
        """The bytes of one inner chunk as they are stored; nothing else of its shard is read.

        Parameters
        ----------
        name
            Of an array that the archive has.
        index
            A position in its grid of inner chunks.

        Raises
        ------
        ArchiveDamagedError
            If the object is missing, is of another length than published, or its index is damaged.
        """
        spec = self.specs[name]
        self._check_object(shard_key(spec, shard_of(spec, index)))
        return read_chunk(self.store, spec, index)

    def _check_object(self, key: str) -> None:
        entry = self.entry(key)
        if entry is None:
            raise ArchiveDamagedError(f"{key} is not in the manifest of {self.store.root}")
        self._check_size(entry)

    def _segment(self, number: int) -> dict[str, Entry]:
        if number not in self._segments:
            entries = read_segment(self.store, self._index.segments[number])
            self._segments[number] = {entry.key: entry for entry in entries}
        return self._segments[number]

    def _check_size(self, entry: Entry) -> None:
        try:
            found = self.store.size(entry.key)
        except FileNotFoundError:
            found = None
        if found != entry.size_bytes:
            raise ArchiveDamagedError(
                f"{entry.key} {'is missing' if found is None else f'has {found:,} bytes'} in "
                f"{self.store.root}; {entry.size_bytes:,} bytes were published. Restore the object "
                "from a copy, or make the archive again."
            )

    def _names(self) -> str:
        return ", ".join(sorted(self.specs)) or "no variables"


def open_archive(path: str | os.PathLike[str]) -> Archive:
    """The published archive in a directory.

    Raises
    ------
    ArchiveError
        If there is none, it is not finished, or climcomp did not make it.
    ArchiveDamagedError
        If its metadata or its manifest are not those published.
    """
    store = open_store(path)
    if not is_published(store):
        if next(store.list(FOLDER), None) is not None:
            raise ArchiveError(
                f"{store.root} is not finished: it holds work of a run but no {ROOT_KEY}. Run "
                "`climcomp run` with its recipe again: it goes on where it stood."
            )
        what = "has no archive" if store.root.is_dir() else "does not exist"
        raise ArchiveError(f"{store.root} {what}; wanted the folder of a published archive.")
    try:
        nodes = json.loads(store.get(ROOT_KEY))["consolidated_metadata"]["metadata"]
        known = "manifest" in nodes[_GROUP]["attributes"]
    except (KeyError, TypeError):
        known = False
    except ValueError as err:
        raise _no_archive(store, err) from err
    if not known:
        raise ArchiveError(
            f"{store.root} is a Zarr store that climcomp did not make: it has no group {_GROUP!r} "
            "that names a manifest. Open it with xarray, or give it to climcomp as a source."
        )
    try:
        root = zarr.open_group(store.root, mode="r", zarr_format=3, use_consolidated=True)
        return Archive(store, root)
    except (ValueError, KeyError, TypeError, AttributeError) as err:
        raise _no_archive(store, err) from err


def _spec(path: str, array: zarr.Array[Any], coded: CodedAttributes) -> ArraySpec:
    dtype = np.dtype(object) if array.dtype.kind == "T" else array.dtype
    return ArraySpec(
        path=path,
        shape=array.shape,
        dims=tuple(getattr(array.metadata, "dimension_names", None) or ()),
        dtype=_dtype_name(dtype),
        chunk=array.chunks,
        shard=array.shards,
        fill_value=array.fill_value,
        attributes=decode_attributes(coded, dtype),
        codec="block" if isinstance(array.serializer, BlockCodec) else "standard",
        models=getattr(array.serializer, "models", ()),
    )


def _dtype_name(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "O":
        return "str"
    return f"S{dtype.itemsize}" if dtype.kind == "S" else dtype.name


def _no_archive(store: ArchiveStore, err: Exception) -> ArchiveDamagedError:
    return ArchiveDamagedError(
        f"{store.root / ROOT_KEY} cannot be read: {type(err).__name__}: {err}. Restore it from a "
        "copy, or make the archive again."
    )
