"""Garbage collection is off while the function starts.

What imports create stays, and scanning it again and again takes a fifth of a cold start.
`resizer.handler` imports this module before all others and calls `resume` after them.
"""

import gc

gc.disable()


def resume() -> None:
    """Collect from now on, and only what is created after this."""
    gc.freeze()
    gc.enable()
