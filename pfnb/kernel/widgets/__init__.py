"""Live displays: the Python side here, the browser side in `static`. Imported only when one is first used."""
