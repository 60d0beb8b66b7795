"""Decodes each original in a worker process that may be slow, run out of memory or die.

    this process    `places`: waits for a place, copies the body into the place's shared map as it
                    arrives, judges how the worker ended (`verdict`)
    fork server     `server`: one thread, holds the engine, forks a worker when asked
    worker          `worker`: makes thumbnails, of one original at a time

Why it is built like this: docs/decisions/0021 and 0024.
"""

from resizer.sandbox.places import Place, Sandbox

__all__ = ["Place", "Sandbox"]
