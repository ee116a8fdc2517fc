"""The process in which stored pipelines run: a client of the hub that started it, and that it ends with."""
