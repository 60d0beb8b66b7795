"""The table: all DynamoDB calls of the API."""
