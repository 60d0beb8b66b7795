"""The HTTP API: plans uploads, lists and deletes images. Never touches pixels."""

VERSION = "0.1.0"
