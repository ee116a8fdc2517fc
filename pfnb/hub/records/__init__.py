"""What the store keeps, one type each."""
