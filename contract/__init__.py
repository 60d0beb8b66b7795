"""What api and resizer must agree on: object keys, the image record, its transitions.

Standard library only, so that neither deployable carries the other's dependencies.
"""
