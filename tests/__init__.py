"""Tests by tier: `unit` (no emulator, no pictures), `integration`, `proofs` (long)."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EVENTS = ROOT / "tests" / "events"  # AWS events as they arrived
