"""Reads a request's bytes while they arrive."""
