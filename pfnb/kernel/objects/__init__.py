"""What magics and the Python API return."""
