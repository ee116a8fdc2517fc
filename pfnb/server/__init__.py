"""A user's hub in their Jupyter Server; also `pfnb serve` and `pfnb run`, which need no Jupyter Server."""
