"""What the API and the resizer must agree on: object keys, records, their transitions, formats.

Standard library only, so that neither deployable contains the other's dependencies.
"""
