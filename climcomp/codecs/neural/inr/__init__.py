"""Coordinate networks (`inr`): a few weights for each block that give its field anywhere.

A block is what a small network, fitted to it, says of every point, in whole numbers that every
machine computes alike, and beside it, where a bound is to be kept, what is left of every value.

- `codec`: the codec; `block`: a block into a payload, and back; `payload`: its head;
- `layout`: the axes of a block; `splines` and `grids`: latent grids with a small synthesis network;
  `sines`, `features` and `waves`: networks of Fourier features and of sines; `lifting`, `bands` and
  `wavelets`: latent grids of wavelets, for previews;
- `weights` and `sparse`: whole numbers as bytes; `models`: the kinds of network under one name;
- `start`: latent grids by least squares; `fit` and `descent`: all networks by descent (the only
  parts that need torch); `stacks`: blocks that are fitted together, on a GPU or the CPU;
- `search`: which sizes and steps for a bound or a target;
- `residual`: what is left of the values; `preview` and `preview_codec`: networks alone, with
  `wavelet_search` and `sparse_choice`; `evaluate`: the field between the points.
"""
