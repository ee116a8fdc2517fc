"""What happened, and what is removed with time."""
