"""YAML with lines and columns."""
