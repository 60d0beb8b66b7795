"""Programs for people who operate or measure the product, and what tests and benchmarks share.

Nothing that is deployed imports them, and they import no test.
"""
