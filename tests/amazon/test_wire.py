from chalkola.amazon.transport import Transport


async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(
    loopback, settings, buckets, account, monkeypatch
):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    loopback.answer("/reports/2021-06-30/reports/1", json={})
    async with Transport(settings, buckets) as transport:
        reply = await transport.call(account, "getReport", path={"reportId": "1"})
    assert reply.status == 200
