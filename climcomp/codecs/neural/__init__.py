"""Neural context coding (`ncx`): a small network says how probable each quantised residual is.

Everything that a decoder does is done in integers, so that every machine decodes the same values.
The parts, each with its own page of the format:

- `probabilities`: tables of 16-bit probabilities, indexed by what the network says;
- `rans`: the entropy coder, which interleaves up to 32 states;
- `schedule`: the order in which the points of a field are coded, from coarse to fine.
"""
