"""What well-known senders of webhooks do: how they sign, what they ask first, what they repeat. A file of `senders/` for each."""

ANY = "*"
"""In a condition: any value that is a text and not empty."""
