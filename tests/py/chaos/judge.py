"""The checker of the simulation, for what real processes did."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

from rounds import WHICH
from streamerd import build_folder


def run_judge(*arguments: object) -> SimpleNamespace:
    """Run it; return its exit status and what it said."""
    done = subprocess.run(
        [build_folder() / "bin/judge", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )
    return SimpleNamespace(
        status=done.returncode, said=done.stdout + done.stderr
    )


def assert_kept(log: Path, histories: Iterable[Path], *options: object) -> None:
    """Fail unless every invariant was kept.

    `log` is that of a streamer that has ended; `options` are those of judge.
    """
    judged = run_judge("--log", log, *options, *histories)
    assert judged.status == 0, f"{WHICH}: {judged.said}"
