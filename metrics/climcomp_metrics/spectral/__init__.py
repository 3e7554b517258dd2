"""Metrics of waves: how much energy each wavelength has, and how much of it is error."""
