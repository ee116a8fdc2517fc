"""Work that could take long or much memory, done in processes that can be killed.

At most two children of this process, started when they are first needed, do one job at a time: a call of one of pfnb's own
functions on plain data. A child that exceeds the step's budget of processor time, or its memory, is killed, and the step fails
with a RunLimitError. All other pipelines of the process continue meanwhile.
"""
