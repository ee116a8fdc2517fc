"""`make fuzz`: every target in a process of its own, for FUZZ_SECONDS each (60), or those that are named as arguments.

An input that raises, takes more than two seconds or more than 512 MiB is a fault: its bytes are written to `.fuzz/` and shown.
"""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

from tests.fuzz.seeds import SEEDS

FOUND = Path(".fuzz")
SECONDS = int(os.environ.get("FUZZ_SECONDS", "60"))


def main() -> int:
    if len(sys.argv) > 2 and sys.argv[1] == "--one":
        return _one(sys.argv[2], sys.argv[3:])
    if importlib.util.find_spec("atheris") is None:
        sys.exit("fuzzing needs atheris: pip install 'pfnb[fuzz]' (Linux, Python 3.11 to 3.13)")
    names = sys.argv[1:] or list(SEEDS)
    failed = [name for name in names if not _passes(name)]
    print(f"{len(names) - len(failed)} passed, {len(failed)} failed" + (f": {', '.join(failed)}" if failed else ""))
    return 1 if failed else 0


def _passes(name: str) -> bool:
    """Whether nothing was found. The inputs that reached new code are kept for the next time."""
    folder, corpus = FOUND / name, FOUND / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    limits = ["-timeout=2", "-rss_limit_mb=512", "-max_len=2048", f"-max_total_time={SECONDS}", "-print_final_stats=1"]
    words = [sys.executable, "-m", "tests.fuzz", "--one", name, str(corpus), *limits, f"-artifact_prefix={folder}/"]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS + 120)
    output = done.stdout.decode("utf-8", "replace")
    if done.returncode:
        print(f"{name}: FAILED\n{output[-4000:]}")
        return False
    runs = next((line for line in output.splitlines() if "number_of_executed_units" in line), "")
    print(f"{name}: nothing found in {SECONDS} s {runs.rpartition(':')[2].strip()} inputs")
    return True


def _one(name: str, words: list[str]) -> int:
    import atheris

    with atheris.instrument_imports(include=["pfnb"]):
        from tests.fuzz.targets import TARGETS

    atheris.Setup([sys.argv[0], *words], TARGETS[name])
    atheris.Fuzz()
    return 0


if __name__ == "__main__":
    sys.exit(main())
