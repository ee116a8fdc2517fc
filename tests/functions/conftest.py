"""Functions that ask the hub are tested in runs, with a real one."""

from tests.commands.conftest import logged, real_hub, registry, run

__all__ = ["hub", "logged", "registry", "run"]

hub = real_hub
