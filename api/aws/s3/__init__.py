"""The bucket: all S3 calls of the API, and the rules by which S3 accepts an upload or a URL."""
