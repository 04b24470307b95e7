"""Stubs and modules agree, and typed code is checked as it should be."""

import os
import re
import subprocess
import sys
from pathlib import Path

import streamer

_HERE = Path(__file__).parent
_PACKAGE = Path(streamer.__file__).parent.parent

# What stubtest cannot know: classes of pybind11 have a metaclass, and those
# that only the module makes inherit object's constructor.
_ALLOWED = r"""
streamer\._(core|client)\.[A-Z]\w+
streamer\._core\.(CelNode|CelProgram|Delivery|ExplainedNode|Explanation|Filter)\.__init__
streamer\._core\.(Ingestion|Notice|Session|Subscription|SubscriptionInfo)\.__init__
"""


def _run(*arguments, cwd):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=cwd,
        env={
            **os.environ,
            "MYPYPATH": str(_PACKAGE),
            "PYTHONPATH": str(_PACKAGE),
        },
        capture_output=True,
        text=True,
        check=False,
    )


def _settings(tmp_path):
    settings = tmp_path / "mypy.ini"
    settings.write_text(f"[mypy]\ncache_dir = {tmp_path / 'cache'}\n")
    return str(settings)


class TestStubs:
    def test_agree_with_the_modules(self, tmp_path):
        allowlist = tmp_path / "allowlist"
        allowlist.write_text(_ALLOWED)
        result = _run(
            "mypy.stubtest",
            "streamer._core",
            "streamer._client",
            "--allowlist",
            str(allowlist),
            "--mypy-config-file",
            _settings(tmp_path),
            cwd=tmp_path,
        )
        assert result.returncode == 0, result.stdout + result.stderr


class TestTyping:
    def test_a_sample_is_accepted_and_its_mistakes_are_found(self, tmp_path):
        sample = _HERE / "typing_sample.py"
        result = _run(
            "mypy",
            "--strict",
            "--config-file",
            _settings(tmp_path),
            str(sample),
            cwd=tmp_path,
        )
        found = {
            (int(line), code)
            for line, code in re.findall(
                r":(\d+): error: .*\[([\w-]+)\]$", result.stdout, re.MULTILINE
            )
        }
        expected = {
            (number, code)
            for number, line in enumerate(sample.read_text().splitlines(), 1)
            for code in re.findall(r"# mypy finds: ([\w-]+)$", line)
        }
        assert found == expected, result.stdout
        assert expected
