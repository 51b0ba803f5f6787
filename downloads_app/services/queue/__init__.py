"""The database is the queue: who works at which download, and how that ends."""
