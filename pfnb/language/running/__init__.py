"""From a pipeline to its result."""
