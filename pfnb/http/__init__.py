"""The hub over HTTP and WebSocket: receiver, doors, sessions of kernels and workers."""
