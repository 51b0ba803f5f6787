"""Where bytes lie: partial files, their sums, their final names."""
