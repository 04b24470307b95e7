"""What importing loads, and what it leaves alone."""

import subprocess
import sys

import pytest


def _run(code):
    result = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout.split()


_LOADED = """
import {module}
with open("/proc/self/maps") as maps:
    print(*{{line.rsplit("/", 1)[-1].strip() for line in maps if "/" in line}})
"""


class TestImporting:
    @pytest.mark.parametrize("module", ["streamer._core", "streamer"])
    def test_does_not_load_grpc(self, module):
        libraries = _run(_LOADED.format(module=module))
        assert any(name.startswith("_core.") for name in libraries)
        assert not any("grpc" in name for name in libraries)
        assert not any(name.startswith("_client.") for name in libraries)

    def test_the_client_is_what_loads_grpc(self):
        libraries = _run(_LOADED.format(module="streamer._client"))
        assert any("grpc" in name for name in libraries)

    def test_does_not_load_pandas_or_rich(self):
        code = "import streamer, sys; print(*sys.modules)"
        modules = set(_run(code))
        assert "streamer._core" in modules
        assert not modules & {"pandas", "numpy", "rich", "streamer._client"}

    def test_the_version_is_that_of_the_project(self):
        [version] = _run("import streamer; print(streamer.__version__)")
        assert version.count(".") == 2


class TestEnding:
    def test_an_open_client_does_not_disturb_the_end_of_the_interpreter(self):
        code = """
import asyncio, streamer
async def main():
    client = streamer.connect("127.0.0.1:1", connect_timeout=60)
    asyncio.ensure_future(client.__aenter__())
    await asyncio.sleep(0)
    print(client.state)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
"""
        assert _run(code) == ["connecting"]
