"""Help, completion, schema and diagrams."""
