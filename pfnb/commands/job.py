"""Jobs: stored pipelines that run by a schedule."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from pfnb.commands import command
from pfnb.exceptions import NotFoundError
from pfnb.language.command import NULL
from pfnb.language.context import Context
from pfnb.language.extent import shown
from pfnb.rows.listener import JobRow

TAG, STOPPED = "job", "stopped"
"""The tag of a job's property while it is stopped."""
Key = Annotated[str, Field(description="The path of the job's pipeline.", min_length=1)]


@command("job", anonymous=True, in_hub=True, comes_first=True, shorthand="schedule")
async def job(
    schedule: Annotated[
        str,
        Field(
            description="`EVERY_5_MIN` (also 1, 2, 15, 30, 45), `HOURLY`, `DAILY`, `WEEKLY`, `MONTHLY`, or a cron line such as "
            "`0 9 * * MON-FRI`."
        ),
    ],
    timezone: Annotated[str | None, Field(description="Of a cron line, such as `Europe/Berlin`. Default: UTC.")] = None,
) -> None:
    """Run this stored pipeline by a schedule, as its owner. First step only; by hand, the pipeline runs at once.

    `HOURLY` and longer ones begin at a minute of the pipeline's own, `DAILY` and longer ones between 2 and 4 o'clock. A run that
    is still going on leaves out those that are due meanwhile. What was missed while the hub was away is made up for by one run.

    Example:
        pipeline:
          - job: {schedule: DAILY}
          - body.set: "good morning"
        # => "good morning"
    """


@command("job.list", read_only=True, in_hub=True)
async def list_(context: Context) -> list[JobRow]:
    """List the jobs, with their last and next runs.

    Example:
        pipeline:
          - pipeline.put:
              path: global/app/demo/pipeline/tidy
              value: {pipeline: [{job: {schedule: "0 9 * * MON"}}, {datetime: {}}]}
          - job.list:
          - body.set: "#{body[0].cron}"
        # => "0 9 * * MON"
    """
    return await context.hub.list_jobs()


@command("job.status", read_only=True, in_hub=True)
async def status(context: Context, pipeline_key: Key) -> Any:
    """Get one job; null if the pipeline is none.

    Example:
        pipeline:
          - job.status: {pipelineKey: global/app/demo/pipeline/nothing}
        # => null
    """
    return await _find(context, pipeline_key) or NULL


@command("job.stop", in_hub=True)
async def stop(context: Context, pipeline_key: Key) -> None:
    """Stop a job until `job.start`: its property gets the tag `job: stopped`. A run that has begun ends. The body stays as it is.

    Example:
        pipeline:
          - pipeline.put: {path: global/app/demo/pipeline/tidy, value: {pipeline: [{job: HOURLY}, {datetime: {}}]}}
          - job.stop: {pipelineKey: global/app/demo/pipeline/tidy}
          - job.status: {pipelineKey: global/app/demo/pipeline/tidy}
          - body.set: "#{body.running}"
        # => false
    """
    await _tag(context, pipeline_key, {TAG: STOPPED})


@command("job.start", in_hub=True)
async def start(context: Context, pipeline_key: Key) -> None:
    """Let a job run again that was stopped. The body stays as it is.

    Example:
        pipeline:
          - pipeline.put: {path: global/app/demo/pipeline/tidy, value: {pipeline: [{job: HOURLY}, {datetime: {}}]}}
          - job.stop: {pipelineKey: global/app/demo/pipeline/tidy}
          - job.start: {pipelineKey: global/app/demo/pipeline/tidy}
          - job.status: {pipelineKey: global/app/demo/pipeline/tidy}
          - body.set: "#{body.running}"
        # => true
    """
    await _tag(context, pipeline_key, {})


async def _find(context: Context, key: str) -> JobRow | None:
    return next((one for one in await context.hub.list_jobs() if f"/{key}".endswith(f"/{one['pipelineKey']}")), None)


async def _tag(context: Context, key: str, tag: dict[str, str]) -> None:
    found = await _find(context, key)
    if found is None:
        raise NotFoundError(f"{shown(key)} is no job: job.list shows all")
    row = await context.hub.get_property(found["pipelineKey"])
    tags = {name: value for name, value in row["tags"].items() if name != TAG}
    marks: dict[str, Any] = {} if context.says("pipeline_key") else {"as_data": True}
    await context.hub.put_property(found["pipelineKey"], {"tags": {**tags, **tag}}, **marks)
