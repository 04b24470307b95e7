"""The main job as people run it: a real service, real gateway processes."""

import dataclasses
import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from conftest import ROOT
from main_job import __main__ as main_job
from main_job import load
from main_job.comparison import compare_gateway
from main_job.events import EventStream
from main_job.processes import ProcessFailed, Service
from main_job.subscriptions import Subscription, build_subscriptions

BUILD = Path(os.environ.get("STREAMER_BUILD_DIR", ROOT / "build" / "release"))
COMMAND = [sys.executable, ROOT / "scripts" / "main_job", "--build", BUILD]
PYTHON = os.path.relpath(sys.executable, ROOT)
PATIENCE_S = 120


@pytest.fixture(autouse=True)
def signal_handlers() -> Iterator[None]:
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = [signal.getsignal(number) for number in numbers]
    yield
    for number, handler in zip(numbers, handlers, strict=True):
        signal.signal(number, handler)


def test_a_quick_look_ends_with_no_mismatch(tmp_path: Path) -> None:
    run = subprocess.run(
        [*COMMAND, "--once", "--events", "12000", "--work", tmp_path],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert run.stdout.splitlines()[-1] == "mismatches: 0"
    assert "1,000 subscriptions" in run.stdout


def test_a_mismatch_is_told_by_the_exit_code(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def build_one_wrong(stream: EventStream) -> list[Subscription]:
        """Expect of the second subscription what the first one wants."""
        first, second, *others = build_subscriptions(stream)
        wrong = dataclasses.replace(second, expected=first.expected)
        return [first, wrong, *others]

    monkeypatch.setattr(main_job, "build_subscriptions", build_one_wrong)
    words = ["--once", "--events", "2000", "--build", str(BUILD)]
    code = main_job.main([*words, "--work", str(tmp_path)])
    printed = capsys.readouterr().out
    assert code == 1
    assert int(printed.splitlines()[-1].removeprefix("mismatches: ")) > 0
    assert "passengers-001" in printed


def test_a_service_that_is_not_there_is_a_failure(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--once", "--events", "100", "--build", str(tmp_path)]
    assert main_job.main([*words, "--work", str(tmp_path)]) == 1
    printed = capsys.readouterr().out
    assert printed.partition("failed: ")[2] == (
        f"streamerd: ended with code 127; {tmp_path}/streamerd.log ends with:\n"
        f"setpriv: failed to execute {tmp_path}/bin/streamerd: "
        "No such file or directory\n"
    )


def test_writing_sends_nothing(tmp_path: Path, stream: EventStream) -> None:
    path = tmp_path / "new" / "flights.ndjson"
    assert main_job.main(["--events", "50", "--write", str(path)]) == 0
    lines = path.read_bytes()
    assert lines == bytes(stream.lines[: len(lines)])
    assert lines.count(b"\n") == 50


@pytest.mark.parametrize("words", [["--events", "0"], ["--sideways"]])
def test_unknown_arguments_are_refused(words: list[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main_job.main(words)
    assert error.value.code == 2


def test_killing_a_gateway_leaves_the_other_complete(
    tmp_path: Path, stream: EventStream
) -> None:
    groups = main_job.by_gateway(build_subscriptions(stream))
    pace = load.Pace(batch=250, window=4)
    binary = BUILD / "bin" / "streamerd"
    with (
        Service(binary, tmp_path, http_port=0, grpc_port=0) as service,
        main_job.gateways(
            main_job.plans(service, groups, len(stream), pace, tmp_path),
            BUILD,
            tmp_path,
        ) as running,
    ):
        survivor, victim = running
        waited_for = [survivor, victim]
        for gateway in running:
            gateway.wait_until_subscribed()

        def kill_half_way(progress: load.Progress) -> None:
            if progress.events_delivered > len(stream) // 2 and (
                victim in waited_for
            ):
                os.kill(victim.pid, signal.SIGKILL)
                waited_for.remove(victim)

        connection = load.IngestConnection(service.http_port)
        load.send_events(stream, connection, waited_for, pace, kill_half_way)
        connection.close()
        recording = survivor.take_recording()
        with pytest.raises(ProcessFailed, match="ended with code -9"):
            victim.expect_line("recorded ")
    outcome = compare_gateway(stream, groups[0], recording)
    assert outcome.mismatches == 0
    assert service.exit_code == 0


def wait_for_children(process: psutil.Process) -> list[psutil.Process]:
    """Wait until the service and both gateways run."""
    deadline = time.monotonic() + PATIENCE_S
    while len(children := process.children()) < 3:
        assert process.is_running()
        assert time.monotonic() < deadline
    return children


def assert_ended(processes: list[psutil.Process]) -> None:
    _, alive = psutil.wait_procs(processes, timeout=PATIENCE_S)
    assert alive == []


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)]
)
def test_a_signal_ends_the_run_and_every_process(
    number: signal.Signals, code: int, tmp_path: Path
) -> None:
    with subprocess.Popen(
        [*COMMAND, "--once", "--events", "60000", "--work", tmp_path],
        stdout=subprocess.DEVNULL,
    ) as run:
        children = wait_for_children(psutil.Process(run.pid))
        run.send_signal(number)
        assert run.wait(PATIENCE_S) == code
    assert_ended(children)


def test_a_service_that_dies_ends_the_run(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--once", "--events", "60000", "--work", tmp_path],
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        children = wait_for_children(psutil.Process(run.pid))
        service = next(c for c in children if c.name() == "streamerd")
        service.kill()
        printed, _ = run.communicate(timeout=PATIENCE_S)
    assert run.returncode == 1
    assert re.search("^failed: ", printed, re.MULTILINE)
    assert_ended(children)


class StayingUp:
    """The main job after its table, and what it says to try."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.printed = ""
        for line in process.stdout:
            self.printed += line
            if line.startswith("curl -s "):
                break

    def command(self, start: str) -> str:
        """Return the command that begins so, to the next empty line."""
        pattern = rf"^{re.escape(start)}.*?(?=^$|\Z)"
        found = re.search(pattern, self.printed, re.MULTILINE | re.DOTALL)
        assert found, self.printed
        return found[0]


@pytest.fixture
def staying_up(tmp_path: Path) -> Iterator[StayingUp]:
    with subprocess.Popen(
        [*COMMAND, "--events", "500", "--work", tmp_path],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield StayingUp(process)
        process.terminate()


def shell(command: str) -> str:
    return subprocess.run(
        ["bash", "-c", command],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=PATIENCE_S,
    ).stdout


def test_what_it_says_to_try_works(staying_up: StayingUp) -> None:
    assert "mismatches: 0" in staying_up.printed
    ingest = staying_up.command("curl -i")
    with subprocess.Popen(
        ["bash", "-c", "exec " + staying_up.command(PYTHON)],
        cwd=ROOT,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
        stdout=subprocess.PIPE,
        text=True,
    ) as subscriber:
        assert subscriber.stdout is not None
        assert shell(ingest).startswith("HTTP/1.1 202")
        # It says nothing when it has subscribed, so ask until it hears.
        deadline = time.monotonic() + PATIENCE_S
        while not select.select([subscriber.stdout], [], [], 0.2)[0]:
            assert time.monotonic() < deadline
            shell(ingest)
        heard = subscriber.stdout.readline()
        subscriber.kill()
    assert "'dest': 'SFO'" in heard
    assert "streamer_events_ingested_total" in shell(
        staying_up.command("curl -s")
    )


def test_ctrl_c_closes_everything(staying_up: StayingUp) -> None:
    staying_up.process.send_signal(signal.SIGINT)
    rest, _ = staying_up.process.communicate(timeout=PATIENCE_S)
    assert rest.endswith("closing\n")
    assert staying_up.process.returncode == 0
