"""Ask several variables at the same places, each by the coordinates that it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from climcomp.archive import Archive
from climcomp.archive.view import view_archive
from climcomp.query import Answer, evaluate_at
from climcomp.query.axes import ALIASES, QueryAxes, find_axes
from climcomp.query.variables import variable_name
from climcomp_workflows.at_places.given import Places

_ROLES = {word for alias, others in ALIASES.items() for word in (alias, *others)}


@dataclass(frozen=True, slots=True)
class Asked:
    """The places, and what each variable says there."""

    places: Places
    answers: tuple[Answer, ...]


def ask_at(
    archive: Archive, names: Sequence[str], places: Places, indices: Mapping[str, float]
) -> Asked:
    """What the networks of some variables say at some places.

    A coordinate that one of the variables does not have is left out for it. Columns of a file that
    are coordinates of none are taken for names of places, and carried over.

    Parameters
    ----------
    indices
        By dimension, one position for all places.

    Raises
    ------
    UsageError
        If a name is no coordinate of any variable, and all that `evaluate_at` raises.
    """
    view = view_archive(archive)
    full = tuple(dict.fromkeys(variable_name(archive, name) for name in names))
    axes = {name: find_axes(view, name) for name in full}
    for name in (*places.columns, *indices):
        is_label = places.is_from_file and name in places.columns and name.lower() not in _ROLES
        if not is_label and not any(_knows(own, name) for own in axes.values()):
            axes[full[0]].get(name)
    answers = []
    for name, own in axes.items():
        at = {key: values for key, values in places.columns.items() if _knows(own, key)}
        here = {key: value for key, value in indices.items() if _knows(own, key)}
        answers.append(evaluate_at(archive, name, at, here))
    return Asked(places, tuple(answers))


def _knows(axes: QueryAxes, name: str) -> bool:
    """Whether a name means something to a variable, if only that it cannot be asked by it."""
    return axes.find(name) is not None or name.lower() in axes.refused
