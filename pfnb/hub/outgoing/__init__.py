"""Endpoints: other systems that get this hub's events, each with its own queue, retries and log."""
