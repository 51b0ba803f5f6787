"""The data of the streams: one snapshot in each process, read once for all of its viewers."""
