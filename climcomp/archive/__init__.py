"""The archive: a store of objects, its journal and lease, arrays, publication and reading."""

from climcomp.archive.arrays import (
    ArraySpec,
    build_shard,
    padded_chunks,
    read_shard,
    read_stored,
    shard_indices,
    shard_key,
    shard_region,
    write_whole,
)
from climcomp.archive.journal import Journal, JournalHeader, read_journal
from climcomp.archive.keys import is_published, refuse_published, remove_working_objects
from climcomp.archive.lease import Lease, check_epoch
from climcomp.archive.manifest import Entry, entry_of, read_manifest, write_manifest
from climcomp.archive.publish import publish
from climcomp.archive.reader import Archive, open_archive
from climcomp.archive.rehash import Mismatch, rehash, root_mismatches
from climcomp.archive.spec import fill_value_of
from climcomp.archive.store import ArchiveStore, open_store

__all__ = [
    "Archive",
    "ArchiveStore",
    "ArraySpec",
    "Entry",
    "Journal",
    "JournalHeader",
    "Lease",
    "Mismatch",
    "build_shard",
    "check_epoch",
    "entry_of",
    "fill_value_of",
    "is_published",
    "open_archive",
    "open_store",
    "padded_chunks",
    "publish",
    "read_journal",
    "read_manifest",
    "read_shard",
    "read_stored",
    "refuse_published",
    "rehash",
    "remove_working_objects",
    "root_mismatches",
    "shard_indices",
    "shard_key",
    "shard_region",
    "write_manifest",
    "write_whole",
]
