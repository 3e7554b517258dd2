"""Encode and decode blocks of climate data within error bounds; read and write archives."""
