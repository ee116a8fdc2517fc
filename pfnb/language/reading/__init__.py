"""From a text to a checked pipeline."""
