"""Deliveries to this kernel, and the listeners that run them."""
