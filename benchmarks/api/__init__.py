"""The API compared with a plain FastAPI + boto3 version of its two busiest routes."""
