"""Encode many blocks of codec `ncx` at once with torch, on a GPU or any device that it knows.

The bytes are those of `Ncx.encode`: what decides them is integers, carried in floats that hold them
exactly in whatever order sums are taken. The parts:

- `blocks`: blocks in, payloads out; `batches`: which are coded together, and with which taps;
- `sources`, `memory`: values on the device, and back; `passes`: the fields of a batch in turn;
- `tensors`: a field by operations on tensors, of `neighbours`, `describe` and `predict`, on any
  device; `graphs`: all launches of a field as one;
- `fused`: a field by `kernels` of Triton, which torch for CUDA brings, and three products;
- `first`: stage "0", whose points follow one another; `fit`: the sums that taps are solved from;
  `symbols`: numbers as symbols, which the entropy coder takes on the CPU.

Wants torch, by the extra `neural`.
"""

from climcomp.codecs.neural.device.blocks import encode_blocks

__all__ = ["encode_blocks"]
