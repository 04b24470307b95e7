"""The whole system in one thread: 2,000 seeds, and what they do not run."""

import re

import pytest
from simulation import ROOT, chunks, program, run_seeds

SEEDS = list(chunks(1, 2000, 100))


@pytest.mark.parametrize(("first", "last"), SEEDS)
def test_every_seed_keeps_the_invariants(first, last):
    outcome = run_seeds(first, last)
    assert outcome.failures == ""
    assert (outcome.runs, outcome.failed) == (last - first + 1, 0)
    # Faults were among it, not only fair weather.
    assert outcome.counts["starts of the streamer"] > 2 * outcome.runs
    assert outcome.counts["deliveries"] > 100 * outcome.runs
    assert outcome.counts["memberships"] > 10 * outcome.runs
    assert outcome.counts["drains"] > outcome.runs // 4
    assert outcome.counts["bare deletes"] > outcome.runs
    assert outcome.counts["refusals of a state"] > outcome.runs // 4
    assert outcome.counts["tails lost"] > 0
    assert outcome.counts["gaps of the source"] > 0


def test_a_seed_is_the_same_run_each_time():
    assert run_seeds(3, 5) == run_seeds(3, 5)


# What each does instead of deciding about sessions, source, state or the log's
# reading: it talks to sockets, disks, threads or the control plane.
NOT_LINKED = {
    "client/client.cc": "starts and ends the connection's threads",
    "client/internal/connection.cc": "the client's threads and its queue",
    "client/internal/stream.cc": "a stream of gRPC",
    "client/internal/wake_descriptor.cc": "what event loops wait on",
    "puller/internal/puller_streams.cc": "streams of gRPC",
    "puller/puller_server.cc": "a port of gRPC",
    "store/etcd_state_store.cc": "etcd",
    "store/internal/database.cc": "RocksDB",
    "store/internal/etcd_client.cc": "etcd",
    "store/internal/etcd_layout.cc": "keys in etcd",
    "store/internal/folder_mark.cc": "a file beside the log",
    "store/internal/log_layout.cc": "keys and values in RocksDB",
    "store/internal/log_recovery.cc": "what the disk holds after a crash",
    "store/log_record.cc": "bytes on the disk",
    "store/memory_event_log.cc": "the simulated log stands for it",
    "store/memory_state_store.cc": "the simulated store stands for it",
    "store/rocksdb_event_log.cc": "RocksDB",
    "store/rocksdb_state_store.cc": "RocksDB",
    "transport/grpc_server.cc": "a port of gRPC",
    "transport/http_server.cc": "a port of HTTP",
    "transport/internal/filter_check.cc": "an answer of the control plane",
    "transport/internal/http_connection.cc": "a connection of HTTP",
    "transport/internal/http_routes.cc": "the control plane",
    "transport/internal/json_body.cc": "bodies of HTTP",
    "transport/internal/ndjson_ingest.cc": "bodies of HTTP",
    "transport/internal/openapi.cc": "an answer of the control plane",
    "transport/internal/process_statistics.cc": "the operating system",
    "transport/internal/source_stream.cc": "a stream of gRPC",
    "transport/internal/subscription_calls.cc": "calls of the control plane",
    "transport/internal/subscription_list.cc": "an answer of the control plane",
    "transport/metrics.cc": "text of metrics",
    "transport/puller_client.cc": "streams of gRPC and threads",
}
FOLDERS = ("transport", "client", "puller", "store")


def linked_sources() -> set[tuple[str, str]]:
    """Folders and names of the sources in the program, by its link map."""
    link_map = program().with_name("sim.map").read_text(errors="replace")
    return set(re.findall(r"libstreamer_(\w+)\.a\((\w+\.cc)\.o\)", link_map))


def test_what_it_does_not_link_is_input_and_output_only():
    linked = linked_sources()
    missing = {
        str(source.relative_to(ROOT / "cpp"))
        for folder in FOLDERS
        for source in (ROOT / "cpp" / folder).rglob("*.cc")
        if (folder, source.name) not in linked
    }
    assert missing == set(NOT_LINKED)
