"""The background loop, and how other threads call it."""
