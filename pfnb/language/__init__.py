"""What a pipeline means: its text, its expressions, its commands and its runs. Knows no network and no notebook."""

from pfnb.language.command import NULL, BlockDeclaration, Command, CommandRegistry
from pfnb.language.context import Context
from pfnb.language.deferred import Deferred, Lazy, Verbatim
from pfnb.language.evaluation import evaluate, render
from pfnb.language.function import Function, FunctionRegistry
from pfnb.language.pel.literal_text import LiteralText
from pfnb.language.pipeline import Pipeline
from pfnb.language.port import ANONYMOUS, HubPort, User
from pfnb.language.reading.listen import listen_accepts
from pfnb.language.reading.parser import command_pipeline, parse_pipeline
from pfnb.language.reading.reference import PipelineReference
from pfnb.language.response import Response
from pfnb.language.run import RunResult, steps_of
from pfnb.language.running.runner import Runner
from pfnb.language.topics import compile_topic, topic_matches
from pfnb.language.trace import Limits, StepRecord
from pfnb.language.written import Written

__all__ = [
    "ANONYMOUS",
    "NULL",
    "BlockDeclaration",
    "Command",
    "CommandRegistry",
    "Context",
    "Deferred",
    "Function",
    "FunctionRegistry",
    "HubPort",
    "Lazy",
    "Limits",
    "LiteralText",
    "Pipeline",
    "PipelineReference",
    "Response",
    "RunResult",
    "Runner",
    "StepRecord",
    "User",
    "Verbatim",
    "Written",
    "command_pipeline",
    "compile_topic",
    "evaluate",
    "listen_accepts",
    "parse_pipeline",
    "render",
    "steps_of",
    "topic_matches",
]
