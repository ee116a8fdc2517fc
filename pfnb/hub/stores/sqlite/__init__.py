"""SQLite: its dialect, its migrations, and what is done with its files."""
