"""What `/metrics` tells of workers and queue. It is kept in the database, so that any web server tells all of it."""
