"""The bucket: all S3 calls of the API, and the signatures for uploads and URLs that S3 checks."""
