"""The live stream, `GET /api/downloads/subscribe`."""
