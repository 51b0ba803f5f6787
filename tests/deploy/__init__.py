"""What deploy/ and the files beside it say about running the service."""
