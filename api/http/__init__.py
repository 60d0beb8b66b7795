"""HTTP: routes, schemas, views, problem documents, authentication. No other layer knows HTTP."""
