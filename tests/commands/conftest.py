"""Commands are tested in runs, with the fixtures of the language's own tests."""

from tests.language.conftest import hub, logged, registry, run

__all__ = ["hub", "logged", "registry", "run"]
