"""The configuration of a real streamerd: file, environment, flags."""

import json
import os
import re
import socket
import subprocess

import pytest
from calls import get
from streamerd import PATIENCE, build_folder, clean_environment


class Finished:
    def __init__(self, run):
        self.code = run.returncode
        self.out = run.stdout
        self.error = run.stderr


@pytest.fixture
def run(tmp_path):
    """Runs streamerd to its end, on the text of a file if there is one."""

    def run_once(*options, text=None, **variables):
        if text is not None:
            (tmp_path / "streamer.yaml").write_text(text)
            options = ("--config=streamer.yaml", *options)
        return Finished(
            subprocess.run(
                [str(build_folder() / "bin/streamerd"), *options],
                env=clean_environment() | variables,
                cwd=tmp_path,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        )

    return run_once


def effective(finished):
    """Return the configuration printed, by dotted key, as text."""
    assert finished.code == 0, finished.error
    found, path = {}, []
    for line in finished.out.splitlines()[1:]:
        depth = (len(line) - len(line.lstrip(" "))) // 2 - 1
        name, _, rest = line.strip().partition(":")
        path[depth:] = [name]
        if rest:
            found[".".join(path)] = rest.partition("#")[0].strip().strip('"')
    return found


GOOD = """\
# Comments are fine.
streamer:
  port: 9000
  drain_timeout: 90s
  grpc:
    port: 9001
  subscription:
    quota:
      max_total: 5
"""


class TestCheckConfig:
    def test_a_good_file_is_right(self, run):
        finished = run("--check-config", text=GOOD)
        assert (finished.code, finished.out, finished.error) == (
            0,
            "the configuration is right\n",
            "",
        )

    def test_no_file_is_right(self, run):
        assert run("--check-config").code == 0

    @pytest.mark.parametrize(
        "text", ["", "# nothing\n", "streamer:\n", "---\n"]
    )
    def test_an_empty_file_is_right(self, run, text):
        assert run("--check-config", text=text).code == 0

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            (
                "streamer:\n  port: 1\n  prot: 2\n",
                '3: streamer.prot: unknown key; did you mean "port"?',
            ),
            (
                "streamer:\n  nothing_of_ours: 2\n",
                "2: streamer.nothing_of_ours: unknown key",
            ),
            (
                "streamer:\n  grpc:\n    prot: 2\n",
                '3: streamer.grpc.prot: unknown key; did you mean "grpc.port"?',
            ),
            (
                "streamer:\n  nats:\n    urls: x\n",
                "3: streamer.nats.urls: not supported by this version",
            ),
            (
                "stramer:\n  port: 1\n",
                '1: stramer: expected only "streamer" at the top',
            ),
            (
                "streamer:\n  port: [1]\n",
                "2: streamer.port: expected a value, got a list",
            ),
            (
                "streamer:\n  port:\n",
                "2: streamer.port: expected a value, got nothing",
            ),
            (
                "streamer:\n  grpc: 5\n",
                "2: streamer.grpc: expected a map, got a value",
            ),
            ("- 1\n", "1: expected a map, got a list"),
            (
                'streamer:\n  port: "1"\n',
                '2: streamer.port: expected a number, got the text "1"',
            ),
            (
                "streamer:\n  engine:\n    single_thread: yes\n",
                "3: streamer.engine.single_thread: expected true or false, "
                'got "yes"',
            ),
            (
                "streamer:\n  port: 65536\n",
                "2: streamer.port: expected a whole number from 0 to 65535, "
                'got "65536"',
            ),
            (
                "streamer:\n  port: 1.5\n",
                "2: streamer.port: expected a whole number from 0 to 65535, "
                'got "1.5"',
            ),
            (
                "streamer:\n  drain_timeout: 5\n",
                "2: streamer.drain_timeout: expected a duration such as "
                '100ms, 5s or 24h, got "5"',
            ),
            (
                "streamer:\n  drain_timeout: 2h\n",
                "2: streamer.drain_timeout: expected a duration from 100ms "
                'to 1h, got "2h"',
            ),
            (
                "streamer:\n  listen: localhost\n",
                '2: streamer.listen: expected an IP address, got "localhost"',
            ),
            (
                "streamer:\n  logging:\n    level: loud\n",
                "3: streamer.logging.level: expected debug, info, warning or "
                'error, got "loud"',
            ),
            (
                "streamer:\n  port: 1\n  port: 1\n",
                "3: streamer.port: expected once, got again",
            ),
            (
                "streamer:\n  grpc:\n    port: 1\n  grpc:\n    port: 2\n",
                "4: streamer.grpc: expected once, got again",
            ),
            (
                "streamer:\n  port: 1\nstreamer:\n  listen: 127.0.0.1\n",
                "3: streamer: expected once, got again",
            ),
            (
                "streamer:\n  port: 1\n---\nstreamer:\n  prot: 2\n",
                " expected one YAML document, got 2",
            ),
            (
                "streamer:\n  [1: 2\n",
                "3: expected YAML, got a problem: end of sequence flow not "
                "found",
            ),
        ],
    )
    def test_what_is_wrong_is_named_with_file_line_and_key(
        self, run, text, message
    ):
        finished = run("--check-config", text=text)
        assert finished.error == f"streamerd: streamer.yaml:{message}\n"
        assert (finished.code, finished.out) == (2, "")

    def test_what_only_together_is_wrong_is_named(self, run):
        text = "streamer:\n  port: 7\n  grpc:\n    port: 7\n"
        finished = run("--check-config", text=text)
        assert finished.code == 2
        assert finished.error == (
            "streamerd: grpc.port: expected another port than HTTP's, got 7 "
            "for both\n"
        )

    @pytest.mark.parametrize(
        ("name", "reason"),
        [
            ("missing.yaml", "No such file or directory"),
            (".", "Is a directory"),
        ],
    )
    def test_a_file_that_cannot_be_read_is_named(self, run, name, reason):
        finished = run("--check-config", f"--config={name}")
        assert finished.code == 2
        assert finished.error == (
            f'streamerd: {name}: expected a file to read, got "{reason}"\n'
        )

    def test_a_wrong_file_keeps_the_service_from_starting(self, run):
        finished = run(text="streamer:\n  prot: 2\n")
        assert (finished.code, finished.out) == (2, "")


class TestSources:
    def test_the_later_source_wins(self, run):
        variables = {
            "STREAMER_GRPC_PORT": "9101",
            "STREAMER_DRAIN_TIMEOUT": "80s",
        }
        found = effective(
            run(
                "--print-config",
                "--drain_timeout=70s",
                text=GOOD,
                **variables,
            )
        )
        assert found["port"] == "9000"
        assert found["grpc.port"] == "9101"
        assert found["drain_timeout"] == "70s"
        assert found["subscription.quota.max_total"] == "5"
        assert found["subscription.quota.max_per_tenant"] == "50000"

    def test_the_defaults_are_those_of_the_interfaces(self, run):
        found = effective(run("--print-config"))
        assert found["listen"] == "127.0.0.1"
        assert found["port"] == "8083"
        assert found["grpc.port"] == "8084"
        assert found["subscription.quota.max_per_gateway"] == "10000"
        assert found["subscription.quota.max_per_tenant"] == "50000"
        assert found["subscription.quota.max_total"] == "100000"
        assert found["gateway.stall_timeout"] == "30s"
        assert found["dedup.ttl"] == "3m"

    def test_what_is_printed_is_read_back_to_the_same(self, run):
        printed = run("--print-config", "--port=9000", "--dedup.ttl=90s")
        again = run("--print-config", text=printed.out)
        assert again.out == printed.out
        assert effective(again)["dedup.ttl"] == "90s"

    @pytest.mark.parametrize(
        ("text", "printed"),
        [
            ("100ms", "100ms"),
            ("120s", "2m"),
            ("60m", "1h"),
            ("1500ms", "1500ms"),
        ],
    )
    def test_durations_have_units(self, run, text, printed):
        finished = run("--print-config", f"--drain_timeout={text}")
        assert effective(finished)["drain_timeout"] == printed

    def test_a_wrong_variable_is_named(self, run):
        finished = run("--check-config", STREAMER_GRPC_PORT="x")
        assert finished.code == 2
        assert finished.error == (
            "streamerd: STREAMER_GRPC_PORT: expected a whole number from 0 to "
            '65535, got "x"\n'
        )

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (
                ["--prot=1"],
                '--prot: unknown key; did you mean "port"?',
            ),
            (
                ["--port=x"],
                '--port: expected a whole number from 0 to 65535, got "x"',
            ),
            (["--port=1", "--port=2"], "--port: expected once, got 2 times"),
            (["--port"], "--port: expected a value, got nothing"),
            (["now"], 'expected flags, got "now"'),
        ],
    )
    def test_a_wrong_flag_is_named(self, run, options, message):
        finished = run(*options)
        assert finished.error == f"streamerd: {message}\n"
        assert (finished.code, finished.out) == (2, "")

    def test_a_variable_that_names_no_key_is_warned_of(
        self, start, monkeypatch
    ):
        monkeypatch.setattr(
            "streamerd.clean_environment",
            lambda: {**os.environ, "STREAMER_PROT": "1"},
        )
        service = start()
        (entry,) = [
            line for line in service.log.splitlines() if "STREAMER_PROT" in line
        ]
        assert '"level":"warning"' in entry
        assert '"message":"environment variable names no key"' in entry
        assert '"variable":"STREAMER_PROT"' in entry

    def test_help_explains_every_key(self, run):
        finished = run("--help")
        assert finished.code == 0
        for key in effective(run("--print-config")):
            assert f"--{key} VALUE" in finished.out

    def test_the_version_is_the_one_that_runs(self, run, streamerd):
        version = get(streamerd, "/health").json["version"]
        assert run("--version").out == f"streamerd {version}\n"


class TestStart:
    @pytest.fixture
    def taken(self):
        with socket.socket() as listener:
            listener.bind(("127.0.0.1", 0))
            listener.listen()
            yield listener.getsockname()[1]

    @pytest.mark.parametrize(
        ("flag", "other", "name"),
        [("port", "grpc.port", "http"), ("grpc.port", "port", "grpc")],
    )
    def test_a_port_in_use_is_named(self, run, taken, flag, other, name):
        finished = run(f"--{flag}={taken}", f"--{other}=0")
        assert (finished.code, finished.out) == (1, "")
        # gRPC may say something of its own first; all of it is JSON.
        *_, last = map(json.loads, finished.error.splitlines())
        assert last["level"] == "error"
        assert last["message"] == "cannot serve"
        assert last["reason"] == (
            f"{name}: expected to listen on 127.0.0.1:{taken}, got "
            '"Address already in use"'
        )

    def test_an_address_that_is_not_ours_is_named(self, run):
        # 192.0.2.0/24 is for documentation; nobody has it.
        finished = run("--listen=192.0.2.1", "--port=0", "--grpc.port=0")
        assert finished.code == 1
        assert "Cannot assign requested address" in finished.error

    def test_an_ipv6_address_is_announced_in_brackets(self, start):
        # The fixture reads the announcement of 127.0.0.1 only.
        process = subprocess.Popen(
            [
                str(build_folder() / "bin/streamerd"),
                "--listen=::1",
                "--port=0",
                "--grpc.port=0",
            ],
            env=clean_environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        with process:
            line = process.stdout.readline()
            process.kill()
        assert re.fullmatch(
            r"streamerd ready http=\[::1\]:\d+ grpc=\[::1\]:\d+\n", line
        )
