"""Permanent storage behind one port: SQLite with one writer, or memory."""
