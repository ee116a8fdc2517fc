"""The store of a hub that ends with its kernel: the same guarantees, in memory, and bounded."""
