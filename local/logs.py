"""One line for each thing that happens, with the part that says it in front."""

import logging


def configure(part: str) -> None:
    """Log to standard error as `part`."""
    logging.basicConfig(
        level=logging.INFO,
        format=f"%(asctime)s {part:<9} %(message)s",
        datefmt="%H:%M:%S",
        force=True,
    )
