"""The errors that climcomp raises: one class per thing that a caller can do about it."""

from __future__ import annotations


class ClimcompError(Exception):
    """Anything that climcomp refuses or cannot do; every other error here is one of these."""


class UsageError(ClimcompError, ValueError):
    """A command or a function was called in a way that cannot mean anything."""


class RecipeError(ClimcompError, ValueError):
    """A recipe cannot be followed; `problems` lists all that is wrong with it, one text each."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems

    def __reduce__(self) -> tuple[type[RecipeError], tuple[str, tuple[str, ...]]]:
        return type(self), (str(self), self.problems)


class BoundError(ClimcompError, ValueError):
    """An error bound is no bound: not positive, not finite, in a wrong unit, of an unknown kind."""


class SourceError(ClimcompError, OSError):
    """The source cannot be read, is incomplete, or disagrees with itself."""


class SourceChangedError(SourceError):
    """The source is no longer the one that the stored plan was made from."""


class CodecError(ClimcompError, RuntimeError):
    """A codec is unknown or cannot encode these values."""


class TargetNotReached(CodecError):
    """A preview of the size or the error that was asked for cannot be made of these values."""


class FitDiverged(CodecError):
    """The cost of fitting a network is no number; `which` of the blocks fitted together it is."""

    which: tuple[int, ...] = (0,)


class MissingExtraError(ClimcompError, ImportError):
    """An optional dependency is not installed; the message names the extra that brings it."""


class PayloadError(ClimcompError, ValueError):
    """The stored bytes of a block are damaged, truncated or not what they claim to be."""


class BoundNotKept(ClimcompError, RuntimeError):
    """A codec broke its error bound or changed a mask: a bug of the codec, never tolerated."""


class MetricError(ClimcompError, ValueError):
    """A metric cannot be computed from what it was given."""


class ArchiveError(ClimcompError, RuntimeError):
    """An archive's store is not in a state that allows what was asked."""


class ArchiveExistsError(ArchiveError):
    """The store is published already, or is the unfinished work of another recipe or source."""


class ArchiveLockedError(ArchiveError):
    """Another run holds the store."""


class LeaseLostError(ArchiveLockedError):
    """This run no longer holds the store: somebody took it over."""


class ArchiveDamagedError(ArchiveError):
    """A stored object is missing or is not the bytes that the manifest names."""


class StorageError(ClimcompError, OSError):
    """The file system refused a write: full, read-only, no permission. What is done stays done."""


class CriterionNotMet(ClimcompError, RuntimeError):
    """A variable failed its checks and the recipe forbids to store it losslessly."""
