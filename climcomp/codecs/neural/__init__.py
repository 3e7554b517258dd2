"""Neural context coding (`ncx`): a small network says how probable each quantised residual is.

Everything that a decoder does is done in integers, so that every machine decodes the same values.
The parts, each with its own page of the format:

- `ncx`: the codec, and what a payload consists of;
- `grid`: values as integers, steps, and patches; `frames`: the order of the fields of a block;
  `schedule`: the order in which the points of a field are coded, from coarse to fine;
- `features`: what is known of a point; `taps`: weights that a block may bring along; `network`:
  what is made of it; `mixture`: the prediction and the table of probabilities that follow;
- `coding`: how a point is coded; `numbers`: the symbols of it; `probabilities`: their tables,
  16-bit; `rans`: the entropy coder, which interleaves up to 32 states;
- `models`: the networks; `device`: many blocks at once, on a GPU.

`reference` and `reference_decode` decode the same bytes in plain Python and NumPy integers, to be
read and to test by. Networks are trained by `climcomp_workflows.neural`.
"""
