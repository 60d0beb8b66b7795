"""Compares bucket and table, and repairs the table from the bucket, which is the truth.

Memory does not grow with the number of images. It is safe to stop at any point and to run beside
traffic: every repair is one of the resizer's own conditional steps.
"""

from resizer.doctor.doctor import Doctor, Options
from resizer.doctor.findings import Finding, Report

__all__ = ["Doctor", "Finding", "Options", "Report"]
