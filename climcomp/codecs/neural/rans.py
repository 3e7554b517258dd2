"""The entropy coder: asymmetric numeral systems (Duda 2013) of up to 32 interleaved states.

Symbol n of a stream belongs to state n % lanes, so that a vector unit or a GPU codes as many
symbols at once. A symbol has `size` of 65536 slots, the first of which is `first`; a state x is at
least 2^16 and less than 2^32.

Format
------
u8: the logarithm of `lanes` to base 2, 0 to 5. Then `lanes` states as u32, then words of u16, all
little-endian, to the end of the stream. For each symbol in turn, with x the state of its lane:

    slot = x % 65536                    names the symbol: first <= slot < first + size
    x = size * (x // 65536) + slot - first
    if x < 65536: x = 65536 * x + the next word

After the last symbol every state is 65536 and no word is left: another end is damage. Raw bits
are symbols, too: of 65536 / 2^count slots each, at most 16 bits at a time.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from climcomp.errors import PayloadError

MOST_LANES = 32
BASE = 1 << 16
"""What a state is at the start of encoding, and the slots of all symbols together."""
_HEAD = struct.Struct("<B")
# A state takes four bytes, so that few symbols share fewer of them (our own: 1 % of the bytes).
SYMBOLS_OF_A_LANE = 2048


def lanes_for(symbols: int) -> int:
    """How many states a stream of so many symbols has: a power of two."""
    wanted = max(1, min(MOST_LANES, symbols // SYMBOLS_OF_A_LANE))
    return 1 << int(math.log2(wanted))


def encode_symbols(first: NDArray[np.uint16], size: NDArray[np.uint16], lanes: int) -> bytes:
    """The stream of symbols, each given by its first slot and the number of its slots.

    Parameters
    ----------
    first, size : (symbols,)
        `size` is at least 1, and `first + size` at most 65536.
    lanes
        1, 2, 4, 8, 16 or 32.
    """
    from climcomp.codecs.neural.loops import push_symbols

    states = np.full(lanes, BASE, dtype=np.uint32)
    words = np.empty(first.size + 1, dtype=np.uint16)  # a symbol of one slot gives one word
    count = push_symbols(np.ascontiguousarray(first), np.ascontiguousarray(size), states, words)
    body = words[:count][::-1].astype("<u2").tobytes()
    return _HEAD.pack(lanes.bit_length() - 1) + states.astype("<u4").tobytes() + body


@dataclass(slots=True)
class Stream:
    """A stream that is being decoded.

    `states` and `words` are what it holds, `at` how many symbols and words were taken.
    """

    states: NDArray[np.uint32]
    words: NDArray[np.uint16]
    at: NDArray[np.int64] = field(default_factory=lambda: np.zeros(2, dtype=np.int64))

    def finish(self) -> None:
        """Check that nothing is left.

        Raises
        ------
        PayloadError
            If states or words are left, or more were wanted than there are.
        """
        if self.at[1] > self.words.size:
            raise PayloadError(
                f"a stream of {self.words.size} words ends in the middle: symbol {self.at[0]} "
                "wants another one"
            )
        if self.at[1] < self.words.size or (self.states != BASE).any():
            raise PayloadError(
                f"a stream of {self.words.size} words does not end after its {self.at[0]} symbols"
            )


def open_stream(payload: bytes | memoryview) -> Stream:
    """The stream of some bytes, before its first symbol.

    Raises
    ------
    PayloadError
        If they cannot be one.
    """
    view = memoryview(payload)
    if not len(view):
        raise PayloadError("a stream of symbols has no bytes")
    (power,) = _HEAD.unpack_from(view)
    if power > MOST_LANES.bit_length() - 1:
        raise PayloadError(f"a stream of symbols has 2^{power} states; at most {MOST_LANES} can be")
    lanes = 1 << power
    head = _HEAD.size + 4 * lanes
    if len(view) < head or (len(view) - head) % 2:
        raise PayloadError(
            f"a stream of {lanes} states has {len(view)} bytes; {head} and an even number more are "
            "needed"
        )
    states = np.frombuffer(view[_HEAD.size : head], dtype="<u4").astype(np.uint32)
    if (states < BASE).any():
        raise PayloadError("a stream of symbols has a state below 65536: its bytes are damaged")
    return Stream(states, np.frombuffer(view[head:], dtype="<u2").astype(np.uint16))
