"""The hub's HTTP interface as an OpenAPI document, each command from its own declaration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import Any, Final

from pfnb.commands.webhook_settings import METHODS
from pfnb.hub.receiving.naming import GATEWAY, HOOK
from pfnb.hub.records.webhook import RECEIVE
from pfnb.language.command import Command, CommandRegistry
from pfnb.language.reading.parser import stands_alone

COMMAND: Final = "/api/v3/command"
PIPELINE: Final = "/api/v3/pipeline"
RESULT: Final = "/api/v3/result"
RESOURCE: Final = "/api/v3/resource"
PROPERTY: Final = "/api/v3/property"
PIPELINE_SCHEMA: Final = "/api/v3/pipeline.schema.json"
OPENAPI: Final = "/api/v3/openapi.json"
HEALTH: Final = "/healthz"

_TEXT: Final = {"type": "string"}
_NUMBER: Final = {"type": "integer"}
_BINARY: Final = {"type": "string", "format": "binary"}
_FILES: Final = {"type": "array", "items": _BINARY}
_ERROR: Final = {
    "description": "Every error. `line`, `column` and `step` are given if the error is in a pipeline.",
    "type": "object",
    "properties": {
        "status": {"const": "error"},
        "statusCode": _NUMBER,
        "statusMessage": {**_TEXT, "description": "What was wrong, and what would be right."},
        "errorType": _TEXT,
        "line": _NUMBER,
        "column": _NUMBER,
        "step": _NUMBER,
        "traceId": _TEXT,
    },
    "required": ["status", "statusCode", "statusMessage", "errorType", "traceId"],
}
_ACCEPTED: Final = {
    "type": "object",
    "properties": {
        "status": {"enum": ["running", "finished"]},
        "statusCode": _NUMBER,
        "correlationId": _TEXT,
        "traceId": _TEXT,
        "created": {**_NUMBER, "description": "Milliseconds since 1970."},
        "value": {"description": "The answer of the pipeline, with `wait=true`."},
    },
    "required": ["status", "statusCode"],
}
_RESULT: Final = {
    "description": "The final body, without an envelope: JSON, text, or the bytes of a file.",
    "content": {"application/json": {"schema": {}}, "text/plain": {"schema": _TEXT}, "*/*": {"schema": _BINARY}},
}

_IN_PATH: list[dict[str, Any]] = [
    {"name": "uuid", "in": "path", "required": True, "description": "The webhook's uuid.", "schema": _TEXT}
]
_OWN_PATH: list[dict[str, Any]] = [
    {
        "name": "path",
        "in": "path",
        "required": True,
        "description": "The path of a webhook that has one of its own, with values for its parameters.",
        "schema": _TEXT,
    }
]
_IN_QUERY: list[dict[str, Any]] = [
    {
        "name": "uuid",
        "in": "query",
        "description": "The webhook's uuid; it can also be sent as the header `token`, or in the body.",
        "schema": _TEXT,
    },
    {"name": "token", "in": "query", "description": "The same, by its other name.", "schema": _TEXT},
]


def openapi(registry: CommandRegistry, url: str) -> dict[str, Any]:
    """The document for a hub at this address."""
    commands = [command for command in registry if stands_alone(command)]
    groups = sorted({_group(command) for command in commands})
    return {
        "openapi": "3.1.0",
        "info": {"title": "pfnb", "summary": "Webhooks and pipelines for notebooks.", "version": version("pfnb")},
        "servers": [{"url": url}],
        "security": [{"authorization": []}, {"login": []}],
        "tags": [
            {"name": name}
            for name in ("webhooks", "pipelines", "properties", "hub", *(f"command {name}" for name in groups))
        ],
        "paths": {
            f"{HOOK}/{{uuid}}": _receiver("hook", _IN_PATH),
            f"{GATEWAY}/{{path}}": _receiver("gateway", _OWN_PATH),
            RECEIVE: _receiver("webhook.receive", _IN_QUERY),
            f"{RECEIVE}/{{uuid}}": _receiver("webhook.receive/uuid", _IN_PATH),
            PIPELINE: {"post": _pipeline()},
            f"{PIPELINE}:{{path}}": _stored_pipeline(),
            f"{RESOURCE}/{{app}}/{{path}}": {"get": _resource()},
            RESULT: {"get": _result()},
            f"{PROPERTY}:{{path}}": _property(),
            PIPELINE_SCHEMA: {"get": _document("The JSON Schema of pipelines.", "application/schema+json")},
            OPENAPI: {"get": _document("The OpenAPI document of this hub.", "application/json")},
            HEALTH: {"get": _health()},
            **{f"{COMMAND}/{command.name}": _command(command) for command in commands},
        },
        "components": {
            "schemas": {"Error": _ERROR, "Accepted": _ACCEPTED, **dict(_inner_schemas(commands))},
            "responses": {"Error": {"description": "The request was refused, or failed.", **_json(_schema("Error"))}},
            "securitySchemes": {
                "authorization": {
                    "type": "http",
                    "scheme": "bearer",
                    "description": "`Authorization: Bearer …` or `token …`, with the hub's or the Jupyter Server's token.",
                },
                "login": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "A username with the password or an API token; the owner's name with the hub's token.",
                },
            },
        },
    }


def _command(command: Command) -> dict[str, Any]:
    schema = _parameters(command)
    about = {
        "tags": [f"command {_group(command)}"],
        "summary": command.documentation.summary,
        "description": command.description,
        "responses": _responses(_RESULT),
    }
    query = [
        {
            "name": name,
            "in": "query",
            "description": each.get("description", ""),
            "required": name in schema.get("required", ()),
            "schema": each,
        }
        for name, each in schema.get("properties", {}).items()
    ]
    form = {"type": "object", "properties": schema.get("properties", {})}
    content = {
        "application/json": {"schema": {"description": "The body that the command begins with."}},
        "application/x-www-form-urlencoded": {"schema": form},
        "multipart/form-data": {"schema": {**form, "properties": {**form["properties"], "file": _FILES}}},
    }
    return {
        "get": {"operationId": f"get {command.name}", **about, "parameters": query},
        "post": {
            "operationId": command.name,
            **about,
            "parameters": [{**each, "required": False} for each in query],
            "requestBody": {"description": "Parameters can also be sent as a form.", "content": content},
        },
    }


def _receiver(name: str, naming: list[dict[str, Any]]) -> dict[str, Any]:
    about = {
        "tags": ["webhooks"],
        "summary": "Receive a webhook.",
        "description": "Answers 200 once the event is stored. An unknown uuid gets the same kind of answer.",
        "security": [],
        "parameters": [
            *naming,
            {
                "name": "wait",
                "in": "query",
                "description": "Wait for the pipeline, and answer with its result.",
                "schema": {"type": "boolean", "default": False},
            },
            {
                "name": "timeout",
                "in": "query",
                "description": "Maximum seconds to wait.",
                "schema": {"type": "number", "minimum": 0, "maximum": 300, "default": 30},
            },
            {
                "name": "pollingRedirectEnabled",
                "in": "query",
                "description": f"Answer 503 with the header `Location`: there, `{RESULT}` has the result once it is ready.",
                "schema": {"type": "boolean", "default": False},
            },
        ],
        "responses": _responses(
            {"description": "The event is stored; with `wait=true`, also processed.", **_json(_schema("Accepted"))}
        ),
    }
    body = {"description": "Anything: JSON, a form, files, text, bytes.", "content": {"*/*": {"schema": {}}}}
    return {
        method.lower(): {
            "operationId": name if method == "POST" else f"{method.lower()} {name}",
            **about,
            **({} if method == "GET" else {"requestBody": body}),
        }
        for method in METHODS
    }


def _pipeline() -> dict[str, Any]:
    form = {"type": "object", "properties": {"pipeline": _TEXT, "file": _FILES}, "required": ["pipeline"]}
    return {
        "operationId": "pipeline",
        "tags": ["pipelines"],
        "summary": "Run a pipeline.",
        "description": f"`{PIPELINE_SCHEMA}` describes what a pipeline may contain.",
        "requestBody": {
            "required": True,
            "content": {
                "application/yaml": {"schema": _TEXT},
                "application/json": {"schema": {"type": "object"}},
                "application/x-www-form-urlencoded": {"schema": {"type": "object", "additionalProperties": _TEXT}},
                "multipart/form-data": {"schema": form},
            },
        },
        "responses": _responses(_RESULT),
    }


def _stored_pipeline() -> dict[str, Any]:
    path = {
        "name": "path",
        "in": "path",
        "required": True,
        "description": "Such as `global/app/demo/pipeline/lead`, or `uuid:` and the uuid of the property.",
        "schema": _TEXT,
    }
    about = {"tags": ["pipelines"], "parameters": [path], "responses": _responses(_RESULT)}
    yaml = {"application/yaml": {"schema": _TEXT}, "application/json": {"schema": {"type": "object"}}}
    return {
        "post": {
            "operationId": "run stored pipeline",
            "summary": "Run a stored pipeline; PUT stores, GET reads, DELETE deletes it.",
            "description": "Query parameters and form fields become its `vars`; the rest of the request becomes its body.",
            "requestBody": {"content": {"*/*": {"schema": {}}}},
            **about,
        },
        "put": {
            "operationId": "put stored pipeline",
            "summary": "Store a pipeline.",
            "description": "A pipeline that begins with `event.listen` listens from now on.",
            "requestBody": {"required": True, "content": yaml},
            **about,
        },
        "get": {"operationId": "get stored pipeline", "summary": "Read a stored pipeline.", **about},
        "delete": {"operationId": "delete stored pipeline", "summary": "Delete a stored pipeline.", **about},
    }


def _result() -> dict[str, Any]:
    named = {
        "name": "correlationId",
        "in": "query",
        "description": "The id that the receiver has told.",
        "schema": _TEXT,
    }
    return {
        "operationId": "result",
        "tags": ["webhooks"],
        "summary": "The result of a request to a webhook.",
        "description": "Answers 503 with the headers `Location` and `Retry-After` until there is one, 410 for an unknown id.",
        "security": [],
        "parameters": [named],
        "responses": {
            "200": _RESULT,
            "410": {"description": "The id is not known, or no longer.", **_json({"type": "object"})},
            "503": {"description": "There is no result yet.", **_json({"type": "object"})},
            "default": {"$ref": "#/components/responses/Error"},
        },
    }


def _resource() -> dict[str, Any]:
    return {
        "operationId": "resource",
        "tags": ["hub"],
        "summary": "A static file of an app.",
        "description": "The property `global/app/{app}/resource/{path}`, with its type. Pages run no scripts.",
        "parameters": [{"name": name, "in": "path", "required": True, "schema": _TEXT} for name in ("app", "path")],
        "responses": _responses(
            {"description": "The file, with the type of its property.", "content": {"*/*": {"schema": _BINARY}}}
        ),
    }


def _property() -> dict[str, Any]:
    path = {
        "name": "path",
        "in": "path",
        "required": True,
        "description": "Such as `global/app/demo/config`, or `uuid:` and the uuid of the property.",
        "schema": _TEXT,
    }
    about = {"tags": ["properties"], "parameters": [path], "responses": _responses(_RESULT)}
    put = {
        "description": "What is sent becomes the value, and its content type the type. A file that is no text is kept as base64.",
        "requestBody": {"content": {"*/*": {"schema": {}}}},
        **about,
    }
    return {
        "post": {
            "operationId": "post property",
            "summary": "Store the value of a property; PUT does the same, GET reads it with its attributes, DELETE deletes it.",
            **put,
        },
        "put": {"operationId": "put property", "summary": "Store the value of a property.", **put},
        "get": {"operationId": "get property", "summary": "Read a property.", **about},
        "delete": {"operationId": "delete property", "summary": "Delete a property.", **about},
    }


def _document(summary: str, media_type: str) -> dict[str, Any]:
    content = {media_type: {"schema": {"type": "object"}}}
    return {"tags": ["hub"], "summary": summary, "responses": _responses({"description": summary, "content": content})}


def _health() -> dict[str, Any]:
    status = {"type": "object", "properties": {"status": _TEXT}}
    return {
        "tags": ["hub"],
        "summary": "Whether the hub accepts and can store requests: 200, or 503 while its disk is full or fails.",
        "security": [],
        "responses": {
            "200": {"description": "It does.", **_json(status)},
            "503": {"description": "The hub is starting or stopping.", **_json(status)},
        },
    }


def _responses(success: Mapping[str, Any]) -> dict[str, Any]:
    return {"200": success, "default": {"$ref": "#/components/responses/Error"}}


def _json(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"content": {"application/json": {"schema": schema}}}


def _schema(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _parameters(command: Command) -> dict[str, Any]:
    from pfnb.language.editing.schema import parameters_schema

    return parameters_schema(command, ref_template=f"#/components/schemas/{command.name}.{{model}}")


def _inner_schemas(commands: list[Command]) -> Iterator[tuple[str, Any]]:
    """The schemas that parameter schemas refer to."""
    for command in commands:
        for name, schema in _parameters(command).get("$defs", {}).items():
            yield f"{command.name}.{name}", schema


def _group(command: Command) -> str:
    return command.name.partition(".")[0]
