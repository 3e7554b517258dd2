"""The keys of an archive's own objects, and what its root metadata means: it is published."""

from __future__ import annotations

from climcomp.archive.store import ArchiveStore
from climcomp.errors import ArchiveExistsError

METADATA = "zarr.json"
ROOT_KEY = METADATA
FOLDER = "climcomp/"
GROUP_KEY = FOLDER + METADATA
LEASE_PREFIX = FOLDER + "lease."
JOURNAL_KEY = FOLDER + "journal.jsonl"
STATE_PREFIX = FOLDER + "state/"
MANIFEST_PREFIX = FOLDER + "manifest/"
INDEX_KEY = MANIFEST_PREFIX + "index.json"
ATTRIBUTES_KEY = FOLDER + "attributes.json"
# The lease last: while it is there, no other run begins.
WORKING_PREFIXES = (STATE_PREFIX, JOURNAL_KEY, LEASE_PREFIX)


def is_published(store: ArchiveStore) -> bool:
    """Whether readers see the archive: its root metadata are written last of all."""
    return store.exists(ROOT_KEY)


def refuse_published(store: ArchiveStore) -> None:
    """Let only an unpublished store pass.

    Raises
    ------
    ArchiveExistsError
        If it is published: it is never changed again.
    """
    if is_published(store):
        raise ArchiveExistsError(
            f"{store.root} is published already (it has a {ROOT_KEY}); a published archive is "
            "never changed. Name another output.store for a new version."
        )


def remove_working_objects(store: ArchiveStore) -> None:
    """Clear away journal, checkpoints, lease and half-written objects of a run that is over."""
    store.delete_partials()
    for prefix in WORKING_PREFIXES:
        for key in list(store.list(prefix)):
            store.delete(key)
    store.remove_empty_folders(STATE_PREFIX)
