"""`pfnb listen`: a webhook's address at once, and its requests in the terminal, passed on to a program of yours."""
