"""How streamerd ends: what a signal does, and what it leaves behind."""

import json
import signal
import socket
import subprocess

import grpc
import pytest
from calls import get, post_events, problem
from streamerd import PATIENCE, build_folder, clean_environment, wait_until


class Process:
    """A streamerd whose exit the test waits for itself."""

    def __init__(self, log, *options, ports=(0, 0)):
        self._log = log.open("w")
        self.log_path = log
        self.process = subprocess.Popen(
            [
                str(build_folder() / "bin/streamerd"),
                f"--port={ports[0]}",
                f"--grpc.port={ports[1]}",
                *options,
            ],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        words = self.process.stdout.readline().split()
        self.http_port, self.grpc_port = (
            int(word.rpartition(":")[2]) for word in words[-2:]
        )

    @property
    def target(self):
        return f"127.0.0.1:{self.grpc_port}"

    def send(self, number):
        self.process.send_signal(number)

    def wait(self):
        return self.process.wait(PATIENCE)

    def messages(self):
        lines = self.log_path.read_text().splitlines()
        return [json.loads(line) for line in lines]

    def end(self):
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()
        self._log.close()


@pytest.fixture
def launch(tmp_path):
    processes = []

    def launch_one(*options, **ports):
        log = tmp_path / f"log{len(processes)}"
        processes.append(Process(log, *options, **ports))
        return processes[-1]

    yield launch_one
    for process in processes:
        process.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(launch, number):
    service = launch()
    service.send(number)
    assert service.wait() == 0
    assert [line["message"] for line in service.messages()] == [
        "log opened",
        "ready",
        "draining",
        "stopped",
    ]


def test_streams_are_closed_with_unavailable_and_when_to_come_back(
    launch, connect
):
    service = launch()
    gateway = connect(service)
    gateway.subscribe_successfully()
    service.send(signal.SIGTERM)
    messages, code, details = gateway.read_to_end()
    assert messages == []
    assert code == grpc.StatusCode.UNAVAILABLE
    assert details == "the service is shutting down"
    trailers = dict(gateway.call.trailing_metadata())
    assert trailers["grpc-retry-pushback-ms"] == "1000"
    assert service.wait() == 0


def test_what_was_accepted_is_delivered_first(launch, connect, events):
    service = launch()
    gateway = connect(service)
    gateway.subscribe_successfully()
    count = 20_000
    lines = [json.dumps(event).encode() for event in events(count)]
    assert post_events(service, *lines).json["accepted"] == count
    service.send(signal.SIGTERM)
    assert gateway.event_ids(count) == [f"e{n}" for n in range(1, count + 1)]
    _, code, _ = gateway.read_to_end()
    assert code == grpc.StatusCode.UNAVAILABLE
    assert service.wait() == 0
    last = service.messages()[-1]
    assert last["level"] == "info"
    assert (last["delivered"], last["saved"]) == ("everything", "everything")


def assert_left_something(last, what):
    """Assert that the last line of a log is of a drain that could not do all.

    On a machine that is busy enough, what is done after the wait takes too
    long as well.
    """
    assert last["level"] == "error"
    if last["message"] == "leaving at once":
        assert last["reason"] == "drain_timeout passed"
    else:
        assert last["message"] == "stopped"
        assert last[what] == "not everything"


class TestDrainWithAGatewayThatNeverReads:
    @pytest.fixture
    def stalled(self, launch, connect, events):
        service = launch("--drain_timeout=10s")
        gateway = connect(service)
        gateway.subscribe_successfully()
        lines = [
            json.dumps(event).encode()
            for event in events(300, text="x" * 30_000)
        ]
        assert post_events(service, *lines).status == 202
        return service, gateway

    def test_it_ends_by_itself_and_says_what_was_not_done(self, stalled):
        service, gateway = stalled
        service.send(signal.SIGTERM)
        assert service.wait() == 0
        assert_left_something(service.messages()[-1], "delivered")
        messages, code, details = gateway.read_to_end()
        assert len(messages) < 300
        assert code == grpc.StatusCode.UNAVAILABLE
        assert details == "the service is shutting down"

    def test_it_is_unready_meanwhile_and_takes_no_events(self, stalled, events):
        service, gateway = stalled
        service.send(signal.SIGTERM)
        wait_until(
            lambda: get(service, "/health/ready").status == 503, "unready"
        )
        assert get(service, "/health/ready").json == problem(
            503,
            "Service Unavailable",
            "expected the service to be ready, got draining",
            phase="draining",
        )
        assert get(service, "/health/live").status == 200
        assert get(service, "/health").json["status"] == "draining"
        (event,) = events()
        refused = post_events(service, json.dumps(event).encode())
        assert refused.json == problem(
            503,
            "Service Unavailable",
            "expected the service to be ready, got one that is not",
        )
        gateway.close()
        service.wait()

    def test_a_second_signal_leaves_at_once_with_1(
        self, launch, connect, events
    ):
        service = launch("--drain_timeout=1h")
        gateway = connect(service)
        gateway.subscribe_successfully()
        lines = [
            json.dumps(event).encode()
            for event in events(300, text="x" * 30_000)
        ]
        assert post_events(service, *lines).status == 202
        service.send(signal.SIGTERM)
        wait_until(
            lambda: get(service, "/health/ready").status == 503, "unready"
        )
        service.send(signal.SIGTERM)
        assert service.wait() == 1
        last = service.messages()[-1]
        assert last["level"] == "error"
        assert last["message"] == "leaving at once"
        assert last["reason"] == "second signal"


def test_a_request_under_way_takes_no_more_events_once_it_drains(
    launch, connect, events
):
    service = launch("--drain_timeout=10s")
    gateway = connect(service)
    gateway.subscribe_successfully()
    before, after = (json.dumps(event).encode() + b"\n" for event in events(2))
    with socket.create_connection(
        ("127.0.0.1", service.http_port), PATIENCE
    ) as connection:
        connection.sendall(
            b"POST /v1/events HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"%x\r\n%s\r\n" % (len(before), before)
        )
        assert gateway.event_ids(1) == ["e1"]
        service.send(signal.SIGTERM)
        messages, code, _ = gateway.read_to_end()
        assert messages == []
        assert code == grpc.StatusCode.UNAVAILABLE
        connection.sendall(b"%x\r\n%s\r\n0\r\n\r\n" % (len(after), after))
        answer = b""
        while piece := connection.recv(1 << 16):
            answer += piece
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 503 Service Unavailable\r\n")
    assert json.loads(body)["accepted"] == 1
    assert service.wait() == 0


def test_a_killed_one_gives_its_ports_back_at_once(launch):
    first = launch()
    ports = (first.http_port, first.grpc_port)
    first.send(signal.SIGKILL)
    assert first.wait() == -signal.SIGKILL
    second = launch(ports=ports)
    assert (second.http_port, second.grpc_port) == ports
