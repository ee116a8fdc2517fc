"""What a notebook sees: magics, listeners, displays below a cell, widgets."""
