"""Garbage collection waits while the function starts.

What imports make is there to stay, and looking through it again and again is a fifth of a cold
start. `resizer.handler` imports this module before all others and calls `resume` after them.
"""

import gc

gc.disable()


def resume() -> None:
    """Collect from now on, and only what was made since."""
    gc.freeze()
    gc.enable()
