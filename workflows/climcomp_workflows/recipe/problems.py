"""What is wrong with a recipe: where, what was found, what is allowed, what was meant."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

Location = tuple[str | int, ...]

# Keys and words of the design that a later version reads; a recipe that has them is told so.
LATER: dict[str, str] = {
    "slurm": "comes with a later version; this one runs on one machine (local)",
    "address": "comes with a later version; this one runs on one machine (local)",
    "jobs": "is no key: one recipe is one archive; give input.files as 'group: files' for several",
    "datasets": "is no key: give input.files as 'group: files', one line for each data set",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, with the line that a person has to change."""

    line: int
    location: Location
    text: str

    def __str__(self) -> str:
        where = f", {path_text(self.location)}" if self.location else ""
        return f"line {self.line}{where}: {self.text}"


def path_text(location: Location) -> str:
    """A location as a person reads it: variables.t2m.bound, input.files[2]."""
    text = ""
    for part in location:
        if isinstance(part, int):
            text += f"[{part + 1}]"
        else:
            text += ("." if text else "") + (f'"{part}"' if "." in part or "*" in part else part)
    return text


def line_of(location: Location, lines: Mapping[Location, int]) -> int:
    """The line of a location, or of the nearest thing around it that has one."""
    for length in range(len(location), -1, -1):
        if location[:length] in lines:
            return lines[location[:length]]
    return 1


def nearest(word: str, known: Iterable[str], count: int = 3) -> tuple[str, ...]:
    """The known names that are most like a word, best first; capitals do not matter."""
    by_folded: dict[str, list[str]] = {}
    for name in known:
        by_folded.setdefault(name.casefold(), []).append(name)
    matches = get_close_matches(word.casefold(), by_folded, n=count, cutoff=0.6)
    return tuple(name for match in matches for name in by_folded[match])[:count]


def meant(word: str, known: Iterable[str]) -> str:
    """What to say about an unknown word: "; did you mean 'bound'?", when it comes, or nothing."""
    if word in LATER:
        return f"; {word!r} {LATER[word]}"
    close = nearest(word, known, 1)
    return f"; did you mean {close[0]!r}?" if close else ""


def listed(words: Iterable[str], last: str = "or") -> str:
    """The words as a sentence has them: "a, b or c"."""
    items = list(words)
    return " ".join([", ".join(items[:-1]), last, items[-1]]) if len(items) > 1 else "".join(items)


def shown(value: object) -> str:
    """A value as it stood in the YAML, short."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "a mapping (key: value)"
    if isinstance(value, list | tuple):
        return "a list"
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."
