"""Garbage collection is off while the function starts.

What imports create is never garbage, and scanning it repeatedly takes a fifth of a cold start.
`resizer.handler` imports this module before all others and calls `resume` after them.
"""

import gc

gc.disable()


def resume() -> None:
    """From now on, collect garbage, but only among what is created after this call."""
    gc.freeze()
    gc.enable()
