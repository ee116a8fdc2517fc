"""Properties, files and cached values."""
