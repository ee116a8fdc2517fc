"""Coverage-guided fuzzing of everything that reads a stranger's text or bytes: `make fuzz`."""
