"""Formats that commands read and write."""
