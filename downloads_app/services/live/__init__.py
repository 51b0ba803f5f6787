"""What the streams show: one snapshot a process, read once for all of its viewers."""
