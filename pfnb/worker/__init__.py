"""The process in which stored pipelines run: a client of the hub that started it. It ends with that hub."""
