"""No event of one tenant reaches another."""

from test_durability import log_options, post
from test_sessions import deliveries, event_ids, hello, subscribe


def test_no_event_crosses_tenants_live_behind_or_after_a_kill(
    start, gateway_of, tmp_path, events
):
    service = start(*log_options(tmp_path / "log"))
    tenants = ("t", "u")
    sessions = {}

    def post_round():
        # The same documents of the same collection: only the tenant differs.
        pairs = [
            [{**event, "tenant": tenant} for tenant in tenants]
            for event in events(5)
        ]
        return post(service, [event for pair in pairs for event in pair])

    def expect(tenant, subscription_id, numbers):
        gateway, session = sessions[tenant]
        got = deliveries(gateway, len(numbers))
        assert event_ids(got) == [f"e{number}" for number in numbers]
        assert {one.event.tenant for one in got} == {tenant}
        for one in got:
            assert list(one.subscription_ids) == [subscription_id]
        gateway.send(ack={"session": session, "seq": got[-1].seq})
        return got[-1].progress

    for tenant in tenants:
        gateway = gateway_of(service)
        sessions[tenant] = gateway, hello(gateway, gateway_id=tenant).session
        assert subscribe(gateway, "live", tenant=tenant).success
    place = post_round()
    reached = {
        tenant: expect(tenant, "live", range(1, 6)) for tenant in tenants
    }
    service.kill()
    service.start()
    for tenant in tenants:
        gateway = gateway_of(service)
        again = hello(
            gateway,
            gateway_id=tenant,
            session=sessions[tenant][1],
            last_seq=5,
            last_progress=reached[tenant],
        )
        sessions[tenant] = gateway, again.session
    post_round()
    for tenant in tenants:
        expect(tenant, "live", range(6, 11))
    for tenant in tenants:
        gateway, _ = sessions[tenant]
        past = {"tenant": tenant, "resume_after": place}
        assert subscribe(gateway, "past", **past).success
        expect(tenant, "past", range(6, 11))
