"""Verifying a published archive: its objects; with the source, every bound and test again."""

from climcomp_workflows.verify.start import verify_archive

__all__ = ["verify_archive"]
