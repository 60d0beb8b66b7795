"""What API and resizer must agree on: object keys, the image record, its transitions, formats.

Standard library only, so that neither deployable carries the other's dependencies.
"""
