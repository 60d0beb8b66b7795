"""The HTTP API: plans uploads, lists and deletes images. Never touches pixels."""

VERSION = "0.2.0"
