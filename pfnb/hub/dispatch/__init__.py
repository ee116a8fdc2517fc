"""Deliveries, from the store to the workers that run them."""
