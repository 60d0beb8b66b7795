"""The Lambda that makes thumbnails of what is uploaded. No FastAPI, no pydantic."""
