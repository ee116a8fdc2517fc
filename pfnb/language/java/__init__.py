"""Numbers, dates and time zones as in Java."""
