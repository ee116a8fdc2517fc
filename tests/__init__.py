"""A package, so that `python -m tests.demo` and `python -m tests.benchmarks` share the helpers of `tests.live`."""
