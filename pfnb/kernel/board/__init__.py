"""What is shown below a cell."""
