"""How workers learn that there is something to deliver."""
