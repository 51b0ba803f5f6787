"""A download's files on the disk: partial files, their sums, their final names."""
