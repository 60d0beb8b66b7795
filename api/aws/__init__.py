"""AWS: every call of S3 and DynamoDB, and everything that is signed. Knows neither floor above."""
