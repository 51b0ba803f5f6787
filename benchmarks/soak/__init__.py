"""The parts of the soak: its machines, its load, its faults, and what is measured meanwhile."""
