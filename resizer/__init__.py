"""The Lambda function that makes thumbnails of uploads. No FastAPI, no pydantic."""
