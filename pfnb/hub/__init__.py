"""Where events live: received, stored, handed out, remembered. Async; independent of Tornado and Jupyter."""
