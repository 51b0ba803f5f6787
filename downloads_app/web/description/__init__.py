"""The description of the REST API: OpenAPI 3.1, made from the routes and their schemas, and completed here."""
