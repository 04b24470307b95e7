import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from main_job import processes
from main_job.plan import Plan
from main_job.processes import (
    ChildProcess,
    GatewayProcess,
    ProcessFailed,
    Service,
)
from main_job.recording import Recorder

FAITHFUL = "import sys; print('ready', flush=True); sys.stdin.read()"


def child(code: str, folder: Path) -> ChildProcess:
    return ChildProcess(
        "child", [sys.executable, "-c", code], folder / "child.log"
    )


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2]
    except FileNotFoundError:
        return False
    return not state.startswith(("Z", "X"))


def test_a_line_is_waited_for(tmp_path: Path) -> None:
    code = "print('hello'); print('ready 5', flush=True); input()"
    with child(code, tmp_path) as process:
        assert process.expect_line("ready") == "ready 5"


def test_an_end_before_the_line_tells_code_and_last_words(
    tmp_path: Path,
) -> None:
    code = "import sys; sys.exit('no such port')"
    with (
        child(code, tmp_path) as process,
        pytest.raises(ProcessFailed) as error,
    ):
        process.expect_line("ready")
    assert str(error.value) == (
        f"child: ended with code 1; {tmp_path}/child.log ends with:\n"
        "no such port"
    )


def test_a_recording_that_is_told_with_the_last_barrier_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A gateway that is through at once: both lines come in one piece.
    quick = tmp_path / "quick"
    quick.write_text("#!/bin/sh\nprintf 'barrier 3 7\\nrecorded 7\\n'\n")
    quick.chmod(0o755)
    monkeypatch.setattr(processes.sys, "executable", str(quick))
    recording = tmp_path / "recording.npz"
    Recorder([]).finish().save(recording)
    plan = Plan("g", "", [], last_barrier=3, recording=str(recording))
    with GatewayProcess(plan, tmp_path, tmp_path) as gateway:
        gateway.wait()
        gateway.read_barriers()
        assert (gateway.barrier, gateway.deliveries) == (3, 7)
        assert len(gateway.take_recording()) == 0


def test_silence_is_not_waited_out(tmp_path: Path) -> None:
    with (
        child("input()", tmp_path) as process,
        pytest.raises(ProcessFailed) as error,
    ):
        process.expect_line("ready", patience_s=0.0)
    assert str(error.value) == (
        "child: expected `ready` within 0 s, got nothing"
    )


def test_leaving_the_context_ends_the_process(tmp_path: Path) -> None:
    with child(FAITHFUL, tmp_path) as process:
        process.expect_line("ready")
        assert process.exit_code is None
    assert process.exit_code == -signal.SIGTERM
    assert not is_running(process.pid)


def test_a_process_that_ignores_sigterm_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(processes, "_GRACE_S", 0.0)
    stubborn = (
        "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
        "print('ready', flush=True); time.sleep(600)"
    )
    with child(stubborn, tmp_path) as process:
        process.expect_line("ready")
    assert process.exit_code == -signal.SIGKILL


def test_a_child_does_not_outlive_its_parent(
    tmp_path: Path, root: Path
) -> None:
    code = f"""
import os, sys
from pathlib import Path
from main_job.processes import ChildProcess
grandchild = ChildProcess(
    "x",
    [sys.executable, "-c",
     "import time; print('ready', flush=True); time.sleep(600)"],
    Path({str(tmp_path)!r}) / "x.log")
# What ends it with us is set up by then.
grandchild.expect_line("ready")
print(grandchild.pid, flush=True)
os.kill(os.getpid(), 9)
"""
    parent = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONPATH": str(root / "scripts")},
    )
    assert parent.returncode == -signal.SIGKILL
    wait_until_ended(int(parent.stdout))


def wait_until_ended(pid: int) -> None:
    """Wait for the end of a process that is not our child."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    ended = poller.poll(30_000)
    os.close(descriptor)
    assert ended


def test_memory_of_a_running_process_is_seen(tmp_path: Path) -> None:
    with child(FAITHFUL, tmp_path) as process:
        process.expect_line("ready")
        assert process.peak_memory_bytes() > 1_000_000
    assert process.peak_memory_bytes() == 0


def service(code: str, folder: Path) -> Service:
    binary = folder / "streamerd"
    binary.write_text(f"#!{sys.executable}\nimport sys\n{code}\n")
    binary.chmod(0o755)
    return Service(binary, folder, http_port=0, grpc_port=7)


def test_a_service_tells_where_it_listens(tmp_path: Path) -> None:
    code = (
        "print('streamerd ready http=127.0.0.1:81 grpc=127.0.0.1:82 ' +"
        "' '.join(sys.argv[1:]), flush=True); sys.stdin.read()"
    )
    with service(code, tmp_path) as running:
        assert (running.http_port, running.grpc_port) == (81, 82)


def test_a_ready_line_without_ports_ends_the_service(tmp_path: Path) -> None:
    code = "print('streamerd ready soon', flush=True); sys.stdin.read()"
    with pytest.raises(ProcessFailed) as error:
        service(code, tmp_path)
    assert str(error.value) == (
        "streamerd: expected `http=HOST:PORT grpc=HOST:PORT` in its ready "
        "line, got `streamerd ready soon`"
    )
