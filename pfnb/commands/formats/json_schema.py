"""Validates a JSON value against a schema, which may refer only to itself."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from itertools import islice
from time import thread_time
from typing import TYPE_CHECKING, Any

from pfnb.exceptions import ParameterError

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

VERSIONS = {
    "V4": "Draft4Validator",
    "V6": "Draft6Validator",
    "V7": "Draft7Validator",
    "V201909": "Draft201909Validator",
    "V202012": "Draft202012Validator",
}
LIBRARIES = ("jsonschema", "referencing", "regex")
LEFT_OUT = ("rfc3987_syntax", "isoduration", "lark", "fqdn", "idna", "jsonpointer", "uri_template", "webcolors")
"""Libraries for format checks, which are not used. Some take more than a second to load."""
PATTERN_SECONDS = 0.5
"""Maximum time of all regular expressions of a validation."""
SHOWN = 5


def problems(data: Any, schema: Any, version: str | None) -> list[str]:
    """The first problems, each with its place in the data; empty if it is valid. `version` is a key of VERSIONS; by default
    that of `$schema`, else V7. Raises ParameterError for an invalid schema."""
    from jsonschema.exceptions import SchemaError
    from referencing.exceptions import Unresolvable

    if not isinstance(schema, (dict, bool)):
        raise ParameterError("the schema is not a JSON Schema: expected a map")
    try:
        validator = _validator(schema, version)
        validator.check_schema(schema)
        found = [_shown(error.json_path, error.message) for error in islice(validator.iter_errors(data), SHOWN + 1)]
    except SchemaError as error:
        raise ParameterError(_shown(f"the schema is wrong: {error.json_path}", error.message)) from None
    except Unresolvable as error:
        message = f"the schema refers to {error.ref!r}: it may refer only to parts of itself"
        raise ParameterError(message) from None
    except RecursionError:
        raise ParameterError("the schema refers to itself endlessly, or the data is nested too deeply") from None
    return found if len(found) <= SHOWN else [*found[:SHOWN], "and more"]


def _validator(schema: Any, version: str | None) -> Any:
    import jsonschema
    from jsonschema_specifications import REGISTRY  # type: ignore[import-untyped]

    base = jsonschema.validators.validator_for(schema, default=jsonschema.Draft7Validator)
    if version is not None:
        base = getattr(jsonschema, VERSIONS[version])
    patterns = _Patterns()
    checks = {
        "pattern": patterns.pattern,
        "patternProperties": patterns.named,
        "additionalProperties": patterns.additional,
        "uniqueItems": _unique_items,
    }
    extended = jsonschema.validators.extend(base, checks)  # type: ignore[no-untyped-call]
    return extended(schema, registry=REGISTRY)


class _Patterns:
    """The keywords with regular expressions, with a time limit."""

    def __init__(self) -> None:
        self._left = PATTERN_SECONDS

    def pattern(self, validator: Validator, pattern: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        from jsonschema import ValidationError

        if validator.is_type(instance, "string") and not self._found(pattern, instance):
            yield ValidationError(f"{instance!r} does not match {pattern!r}")

    def named(
        self, validator: Any, patterns: Mapping[str, Any], instance: Any, _schema: Any
    ) -> Iterator[ValidationError]:
        for pattern, inner in patterns.items() if validator.is_type(instance, "object") else ():
            for name, value in instance.items():
                if self._found(pattern, name):
                    yield from validator.descend(value, inner, path=name, schema_path=pattern)

    def additional(
        self, validator: Any, allowed: Any, instance: Any, schema: Mapping[str, Any]
    ) -> Iterator[ValidationError]:
        from jsonschema import ValidationError

        known, patterns = schema.get("properties", {}), schema.get("patternProperties", {})
        for name, value in instance.items() if validator.is_type(instance, "object") else ():
            if name in known or any(self._found(pattern, name) for pattern in patterns):
                continue
            if allowed is False:
                yield ValidationError(f"{name!r} is not allowed as a property")
            else:
                yield from validator.descend(value, allowed, path=name)

    def _found(self, pattern: str, text: str) -> bool:
        import regex

        began = thread_time()
        try:
            return regex.search(pattern, text, timeout=max(self._left, 0.001), concurrent=True) is not None
        except TimeoutError:
            raise ParameterError("the schema's regular expressions take too long over this data") from None
        finally:
            self._left -= thread_time() - began


def _unique_items(validator: Validator, wanted: Any, instance: Any, _schema: Any) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    if wanted and validator.is_type(instance, "array") and len(set(map(_hashable, instance))) < len(instance):
        yield ValidationError("two items are the same")


def _hashable(value: Any) -> Hashable:
    """A key that is equal for values that JSON Schema treats as equal: 1 and 1.0, but not 1 and true."""
    if isinstance(value, dict):
        return "map", frozenset((key, _hashable(item)) for key, item in value.items())
    if isinstance(value, list):
        return "list", tuple(map(_hashable, value))
    return isinstance(value, bool), value


def _shown(place: str, message: str) -> str:
    return f"{place}: {message}" if len(message) <= 200 else f"{place}: {message[:199]}…"
