"""Programs for operating and measuring the product, and code shared by tests and benchmarks.

Nothing that is deployed imports them, and they do not import tests.
"""
