"""Compiled loops over values; importing one of these modules imports numba."""
