"""AWS: every S3 and DynamoDB call, and everything that is signed. Imports neither layer above."""
