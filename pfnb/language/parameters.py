"""A command's parameters as a pydantic model made from its function's signature: spellings, types, defaults."""

from __future__ import annotations

import inspect
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, Final, get_args, get_origin

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, ValidationError, create_model
from pydantic.fields import FieldInfo

from pfnb.exceptions import ParameterError
from pfnb.language.extent import shown
from pfnb.language.maps import MapOf, map_in

_FIELD = "arg_"
"""Prefix of the model's attribute names, so that parameters may be called `json`, `copy` or `model_name`."""
_NEAR = 0.65
"""How alike a name must be to be suggested, so that nobody who wrote `expires` is asked about `preset`."""


class _Unset:
    """The type of UNSET."""

    def __repr__(self) -> str:
        return "UNSET"


UNSET: Final = _Unset()
"""Default of a parameter for which null is an ordinary value: it was not given."""


class Parameters:
    """The parameters of one command.

    `spellings` maps every accepted spelling to the function's own parameter name. `is_open`: the function takes `**keywords`,
    so that any further name is accepted. `loose` names the parameters of any type, `maps` has those that take a map.
    """

    def __init__(self, command: str, model: type[BaseModel], *, is_open: bool) -> None:
        self.command = command
        self.model = model
        self.is_open = is_open
        self.loose: set[str] = set()
        self.maps: dict[str, MapOf] = {}
        self.spellings: dict[str, str] = {}
        self._spelt: dict[str, str] = {}
        for field_name, field in model.model_fields.items():
            name = field_name.removeprefix(_FIELD)
            self._spelt[name] = field.alias or name
            if field.annotation is Any and not field.metadata:
                self.loose.add(name)
            if (kind := map_in(Annotated[field.annotation, None, *field.metadata])) is not None:
                self.maps[name] = kind
            for spelling in (*_choices(field), name):
                self.spellings[spelling] = name

    def names(self) -> list[str]:
        """The parameters as pipelines spell them, in the order of the signature."""
        return list(self._spelt.values())

    def spelling_of(self, name: str) -> str:
        """How pipelines spell the function's parameter of this name."""
        return self._spelt.get(name, name)

    def name_of(self, spelling: str, *, also: Collection[str] = ()) -> str:
        """The function's parameter for a spelling. Raises ParameterError, which suggests the nearest of these parameters and of
        `also`."""
        name = self.spellings.get(spelling)
        if name is not None:
            return name
        if self.is_open:
            return spelling
        raise self._unknown(spelling, also)

    def _unknown(self, spelling: str, also: Collection[str] = ()) -> ParameterError:
        by_case = {one.lower(): one for one in (*self.spellings, *also) if "_" not in one}
        near = get_close_matches(spelling.lower(), by_case, n=1, cutoff=_NEAR)
        if near:
            hint = f'did you mean "{by_case[near[0]]}"?'
        elif self._spelt:
            hint = f"it has {', '.join(self.names())}"
        else:
            hint = "it has no parameters of its own"
        return ParameterError(f'{self.command} has no parameter "{spelling}": {hint}')

    def validate(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Arguments by parameter name, converted to the declared types, defaults filled in. Raises ParameterError."""
        try:
            return self._validated(values)
        except ValidationError as error:
            raise self._explained(error.errors(include_url=False)[0]) from None

    def check(self, values: Mapping[str, Any], pending: Collection[str]) -> None:
        """Validate the known values; `pending` parameters get theirs from expressions at run time."""
        try:
            self._validated({**values, **dict.fromkeys(pending)})
        except ValidationError as error:
            for problem in error.errors(include_url=False):
                if self.spellings.get(str(problem["loc"][0])) not in pending:
                    raise self._explained(problem) from None

    def _validated(self, values: Mapping[str, Any]) -> dict[str, Any]:
        model = self.model.model_validate({self._spelt.get(name, name): value for name, value in values.items()})
        fields = {name.removeprefix(_FIELD): getattr(model, name) for name in type(model).model_fields}
        return {**fields, **(model.model_extra or {})}

    def _explained(self, problem: Mapping[str, Any]) -> ParameterError:
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "missing" and len(problem["loc"]) == 1:
            return ParameterError(f'{self.command} needs the parameter "{where}"')
        if problem["type"] == "extra_forbidden" and len(problem["loc"]) == 1:
            return self._unknown(where)
        text = str(problem["msg"])
        message = (
            f'{self.command}: parameter "{where}": {text[:1].lower()}{text[1:]}, not {shown(problem.get("input"))}'
        )
        error = ParameterError(message)
        error.parameter = self.spellings.get(str(problem["loc"][0]))
        return error


def parameters_of(command: str, signature: inspect.Signature, given: Collection[str]) -> Parameters:
    """The parameters in a signature, except the names in `given`, which the runner fills in."""
    fields: dict[str, Any] = {}
    is_open = False
    for name, parameter in signature.parameters.items():
        if name in given:
            continue
        if parameter.kind is inspect.Parameter.VAR_KEYWORD:
            is_open = True
        elif parameter.kind in (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL):
            raise ParameterError(f'command "{command}": "{parameter}" cannot be given by name')
        else:
            fields[_FIELD + name] = _field(name, parameter)
    config = ConfigDict(
        extra="allow" if is_open else "forbid", coerce_numbers_to_str=True, arbitrary_types_allowed=True
    )
    model = create_model(command, __config__=config, **fields)
    return Parameters(command, model, is_open=is_open)


def _field(name: str, parameter: inspect.Parameter) -> tuple[Any, Any]:
    annotation = Any if parameter.annotation is inspect.Parameter.empty else parameter.annotation
    spelling = camel_case(name)
    extra = [
        item
        for item in (get_args(annotation)[1:] if get_origin(annotation) is Annotated else ())
        if isinstance(item, FieldInfo)
    ]
    choices = [spelling, name.rstrip("_"), name]
    for item in extra:
        choices.extend(_choices(item))
    spelt: dict[str, Any] = {"alias": spelling, "validation_alias": AliasChoices(*dict.fromkeys(choices))}
    if parameter.default is UNSET:
        return annotation, Field(default_factory=lambda: UNSET, **spelt)
    default = ... if parameter.default is inspect.Parameter.empty else parameter.default
    return annotation, Field(default, **spelt)


def _choices(field: FieldInfo) -> list[str]:
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    return [alias] if isinstance(alias, str) else []


def camel_case(name: str) -> str:
    """The spelling in pipelines of a name in Python."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word[:1].upper() + word[1:] for word in rest)
