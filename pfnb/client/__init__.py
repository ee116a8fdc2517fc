"""The client of a hub and the objects it returns, for kernels and workers."""
