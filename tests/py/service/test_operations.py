"""Health, metrics, the description of the API and the log."""

import datetime
import json
import re
import resource

import grpc
import pytest
from calls import call, get, problem, raw_exchange, samples
from grpc_health.v1 import health_pb2, health_pb2_grpc
from streamerd import PATIENCE, wait_until

SERVING = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
SERVICE_UNKNOWN = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
SERVICES = ["", "syntrix.streamer.v1.StreamerService"]


@pytest.fixture
def health(streamerd):
    with grpc.insecure_channel(streamerd.target) as channel:
        yield health_pb2_grpc.HealthStub(channel)


def asked(service):
    return health_pb2.HealthCheckRequest(service=service)


class TestGrpcHealth:
    @pytest.mark.parametrize("service", SERVICES)
    def test_check_says_serving(self, health, service):
        answer = health.Check(asked(service), timeout=PATIENCE)
        assert answer.status == SERVING

    def test_check_of_an_unknown_service_is_not_found(self, health):
        with pytest.raises(grpc.RpcError) as caught:
            health.Check(asked("other"), timeout=PATIENCE)
        assert caught.value.code() == grpc.StatusCode.NOT_FOUND

    def test_watch_of_an_unknown_service_says_so(self, health):
        call = health.Watch(asked("other"), timeout=PATIENCE)
        assert next(call).status == SERVICE_UNKNOWN
        call.cancel()

    def test_watch_tells_of_the_drain_before_the_end(self, streamerd, health):
        watches = [
            health.Watch(asked(service), timeout=PATIENCE)
            for service in SERVICES
        ]
        for watch in watches:
            assert next(watch).status == SERVING
        assert streamerd.stop() == 0
        for watch in watches:
            assert next(watch).status == NOT_SERVING


class TestHttpHealth:
    def test_live(self, streamerd):
        answer = get(streamerd, "/health/live")
        assert (answer.status, answer.json) == (200, {"status": "live"})

    def test_ready(self, streamerd):
        answer = get(streamerd, "/health/ready")
        assert (answer.status, answer.json) == (200, {"status": "ready"})

    def test_health_names_the_version(self, streamerd):
        answer = get(streamerd, "/health")
        version = answer.json["version"]
        assert answer.status == 200
        assert answer.json == {"status": "ready", "version": version}
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
        build_info = f'streamer_build_info{{version="{version}"}}'
        assert samples(streamerd)[build_info] == 1

    def test_head_has_the_fields_of_get_and_no_body(self, streamerd):
        answer = call(streamerd, "HEAD", "/health")
        whole = get(streamerd, "/health")
        assert answer.status == 200
        assert answer.headers["Content-Length"] == str(len(whole.body))
        received = raw_exchange(
            streamerd,
            b"HEAD /health HTTP/1.1\r\n\r\n"
            b"HEAD /nowhere HTTP/1.1\r\n\r\n"
            b"GET /health/live HTTP/1.1\r\n\r\n",
        )
        heads = received.split(b"\r\n\r\n")
        assert [head.split(b"\r\n")[0] for head in heads[:3]] == [
            b"HTTP/1.1 200 OK",
            b"HTTP/1.1 404 Not Found",
            b"HTTP/1.1 200 OK",
        ]
        assert heads[3:] == [b'{"status":"live"}\n']


class TestMetrics:
    # Name, and its samples: one, or one for each value of a label.
    COUNTERS_AND_GAUGES = """
        streamer_events_ingested_total{source="http"}
        streamer_events_processed_total
        streamer_events_skipped_total{reason="malformed"}
        streamer_events_skipped_total{reason="delete_unresolved"}
        streamer_duplicate_events_total
        streamer_gaps_detected_total
        streamer_events_ingested_total{source="puller"}
        streamer_ingest_lag_seconds
        streamer_membership_unknown_total
        streamer_catchup_events_total
        streamer_coalesced_events_total
        streamer_resyncs_total{reason="source_gap"}
        streamer_resyncs_total{reason="cluster_time"}
        streamer_resyncs_total{reason="unreadable"}
        streamer_resyncs_total{reason="delete_unresolved"}
        streamer_resyncs_total{reason="not_restored"}
        streamer_resyncs_total{reason="lag"}
        streamer_resyncs_total{reason="trimmed"}
        streamer_deliveries_dropped_total{reason="gateway_ended"}
        streamer_deliveries_dropped_total{reason="session_behind"}
        streamer_documents_omitted_total{transport="grpc"}
        streamer_sessions{state="connected"}
        streamer_sessions{state="disconnected"}
        streamer_sessions{state="behind"}
        streamer_session_lag_events_max
        streamer_progress_age_seconds
        streamer_log_headroom_seconds
        streamer_checkpoint_saves_total
        streamer_checkpoint_errors_total
        streamer_subscriptions_active{kind="match_all"}
        streamer_subscriptions_active{kind="document"}
        streamer_subscriptions_active{kind="filter"}
        streamer_subscriptions_registered_total
        streamer_subscriptions_unregistered_total
        streamer_subscriptions_expired_total
        streamer_quota_exceeded_total{scope="gateway"}
        streamer_quota_exceeded_total{scope="tenant"}
        streamer_quota_exceeded_total{scope="total"}
        streamer_quota_exceeded_total{scope="collection"}
        streamer_filter_evaluations_total{result="true"}
        streamer_filter_evaluations_total{result="false"}
        streamer_filter_evaluations_total{result="error"}
        streamer_deliveries_total{transport="grpc"}
        streamer_outbox_depth
        streamer_backpressure_events_total{level="soft"}
        streamer_backpressure_events_total{level="hard"}
        streamer_bloom_false_positive_ratio
        streamer_bloom_rebuilds_total
        streamer_filter_cache_hits_total
        streamer_filter_cache_misses_total
        process_cpu_seconds_total
        process_resident_memory_bytes
        process_virtual_memory_bytes
        process_open_fds
        process_max_fds
        process_start_time_seconds
    """.split()
    HISTOGRAMS = """
        streamer_match_latency_seconds
        streamer_matches_per_event
        streamer_delivery_latency_seconds
    """.split()

    def test_every_metric_is_there_by_its_exact_name(self, streamerd):
        names = set(samples(streamerd))
        assert names >= set(self.COUNTERS_AND_GAUGES)
        for histogram in self.HISTOGRAMS:
            assert {
                f"{histogram}_sum",
                f"{histogram}_count",
                f'{histogram}_bucket{{le="+Inf"}}',
            } <= names

    def test_every_metric_has_help_and_a_type(self, streamerd):
        answer = get(streamerd, "/metrics")
        assert answer.headers["Content-Type"] == "text/plain; version=0.0.4"
        text = answer.body.decode()
        helped = set(re.findall(r"^# HELP (\w+) \S", text, re.MULTILINE))
        typed = set(
            re.findall(
                r"^# TYPE (\w+) (?:counter|gauge|histogram)$",
                text,
                re.MULTILINE,
            )
        )
        sampled = {
            re.sub(r"_(sum|count|bucket)$", "", name.split("{")[0])
            for name in samples(streamerd)
        }
        assert sampled == helped == typed

    def test_they_count_what_happened(self, streamerd, connect, events):
        gateway = connect(streamerd)
        gateway.subscribe_successfully("all")
        gateway.subscribe_successfully(
            "one",
            {"field": "_id", "op": "==", "value": {"string_value": "d1"}},
        )
        gateway.subscribe_successfully(
            "some", {"field": "number", "op": ">", "value": {"int_value": 2}}
        )
        streamerd.ingest(events(3))
        gateway.event_ids(3)
        wait_until(
            lambda: (
                samples(streamerd)[
                    'streamer_matches_per_event_bucket{le="+Inf"}'
                ]
                == 3
            ),
            "three events matched",
        )
        found = samples(streamerd)
        for name, value in {
            'streamer_events_ingested_total{source="http"}': 3,
            "streamer_events_processed_total": 3,
            'streamer_subscriptions_active{kind="match_all"}': 1,
            'streamer_subscriptions_active{kind="document"}': 1,
            'streamer_subscriptions_active{kind="filter"}': 1,
            "streamer_subscriptions_registered_total": 3,
            'streamer_deliveries_total{transport="grpc"}': 3,
            "streamer_matches_per_event_sum": 5,
            "streamer_matches_per_event_count": 3,
            "streamer_match_latency_seconds_count": 3,
            "streamer_delivery_latency_seconds_count": 3,
            "streamer_outbox_depth": 0,
            "streamer_gateways_connected": 1,
        }.items():
            assert (name, found[name]) == (name, value)

    def test_buckets_grow_with_their_bound(self, streamerd, events):
        streamerd.ingest(events(100))
        found = samples(streamerd)
        for histogram in self.HISTOGRAMS:
            buckets = [
                value
                for name, value in found.items()
                if name.startswith(f"{histogram}_bucket")
            ]
            assert buckets == sorted(buckets)
            assert buckets[-1] == found[f"{histogram}_count"]

    def test_the_process_metrics_are_the_process_s(self, streamerd):
        found = samples(streamerd)
        with open(f"/proc/{streamerd.pid}/stat") as file:
            fields = file.read().rpartition(")")[2].split()
        page = resource.getpagesize()
        resident = int(fields[21]) * page
        # It breathes between the two readings.
        assert found["process_resident_memory_bytes"] == pytest.approx(
            resident, rel=0.5
        )
        assert found["process_threads"] >= 5
        assert found["process_open_fds"] >= 3
        now = datetime.datetime.now(datetime.UTC).timestamp()
        assert found["process_start_time_seconds"] <= now
        assert found["process_start_time_seconds"] > now - 600


class TestOpenApi:
    def test_it_describes_every_call_that_it_answers(self, streamerd):
        answer = get(streamerd, "/openapi.json")
        assert answer.status == 200
        assert answer.headers["Content-Type"] == "application/json"
        document = answer.json
        assert document["openapi"] == "3.0.3"
        for path, operations in document["paths"].items():
            concrete = path.replace("{id}", "x")
            allowed = call(streamerd, "TRACE", concrete)
            assert allowed.status == 405, path
            assert {
                method.lower()
                for method in allowed.headers["Allow"].split(", ")
                if method != "HEAD"
            } == set(operations)

    def test_its_references_resolve(self, streamerd):
        document = get(streamerd, "/openapi.json").json
        references = re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document))
        assert references
        for reference in references:
            part = document
            for name in reference.split("/"):
                part = part[name]


class TestPathsAndMethods:
    @pytest.mark.parametrize(
        ("method", "path", "status", "title", "detail"),
        [
            (
                "GET",
                "/nowhere?x=1",
                404,
                "Not Found",
                "expected a path of /openapi.json, got GET /nowhere",
            ),
            (
                "GET",
                "/v1/events",
                405,
                "Method Not Allowed",
                "expected POST, got GET /v1/events",
            ),
            (
                "POST",
                "/health",
                405,
                "Method Not Allowed",
                "expected GET, HEAD, got POST /health",
            ),
            (
                "GET",
                "/%zz",
                400,
                "Bad Request",
                'target: expected two hexadecimal digits after "%", got "zz"',
            ),
            (
                "GET",
                "/v1/deliveries",
                501,
                "Not Implemented",
                "GET /v1/deliveries: expected a call of this version, got one "
                "that it does not offer yet",
            ),
        ],
    )
    def test_what_is_not_there_is_a_problem(
        self, streamerd, method, path, status, title, detail
    ):
        answer = call(streamerd, method, path)
        assert answer.status == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.json == problem(status, title, detail)

    def test_a_header_over_the_limit_is_refused(self, streamerd):
        answer = call(
            streamerd, "GET", "/health", headers={"X-Long": "x" * 20_000}
        )
        assert answer.json == problem(
            431,
            "Request Header Fields Too Large",
            "expected a header of at most 16384 bytes, got more",
        )

    def test_what_is_not_http_is_refused(self, streamerd):
        received = raw_exchange(streamerd, b"hello\r\n\r\n")
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 400 Bad Request\r\n")
        assert json.loads(body) == problem(
            400,
            "Bad Request",
            "expected an HTTP/1.1 request, got one with bad method",
        )


class TestLog:
    def test_every_line_is_json_with_time_level_and_message(
        self, streamerd, connect
    ):
        gateway = connect(streamerd)
        gateway.subscribe_successfully()
        gateway.half_close()
        gateway.read_to_end()
        wait_until(lambda: "gateway gone" in streamerd.log, "it is logged")
        assert streamerd.stop() == 0
        lines = [json.loads(line) for line in streamerd.log.splitlines()]
        assert [line["message"] for line in lines] == [
            "log opened",
            "ready",
            "gateway connected",
            "gateway gone",
            "draining",
            "stopped",
        ]
        for line in lines:
            assert list(line)[:3] == ["time", "level", "message"]
            assert line["level"] == "info"
            assert re.fullmatch(
                r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["time"]
            )
        opened, ready, connected, gone, _, stopped = lines
        assert opened["path"] == "in memory"
        assert opened["first"].endswith("-1")
        assert opened["head"].endswith("-0")
        assert ready["http_port"] == streamerd.http_port
        assert ready["grpc_port"] == streamerd.grpc_port
        assert connected["gateway"] == gone["gateway"]
        assert connected["peer"].startswith("ipv4:127.0.0.1:")
        assert gone["status"] == "OK"
        assert gone["deliveries"] == 0
        assert stopped["delivered"] == "everything"

    def test_a_level_silences_those_below(self, start, connect):
        service = start("--logging.level=warning")
        gateway = connect(service)
        gateway.subscribe_successfully()
        assert service.stop() == 0
        assert service.log == ""

    def test_what_grpc_says_is_json_too(self, start, monkeypatch, connect):
        monkeypatch.setenv("GRPC_VERBOSITY", "INFO")
        monkeypatch.setenv("GRPC_TRACE", "http")
        service = start("--logging.level=debug")
        connect(service).subscribe_successfully()
        assert service.stop() == 0
        lines = [json.loads(line) for line in service.log.splitlines()]
        assert "grpc" in {line["message"] for line in lines}
        assert all({"time", "level", "message"} <= set(line) for line in lines)
