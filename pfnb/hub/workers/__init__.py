"""The processes that run pipelines, so that none runs in the hub's own: one for listening pipelines, others for callers."""
