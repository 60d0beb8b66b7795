"""Compares the bucket and the table, and repairs the table from the bucket, the source of truth.

Memory use does not grow with the number of images. It is safe to stop the doctor at any point and
to run it during traffic: every repair is one of the resizer's own conditional steps.
"""

from resizer.doctor.doctor import Doctor, Options
from resizer.doctor.findings import Finding, Report

__all__ = ["Doctor", "Finding", "Options", "Report"]
