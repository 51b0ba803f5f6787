"""How repeated events reach the kernel, while the streams' generators sleep."""
