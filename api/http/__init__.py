"""HTTP: routes, schemas, views, problem documents, authentication. The only floor that knows it."""
