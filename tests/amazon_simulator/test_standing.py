"""What a seller and Amazon change at any time: refresh tokens, and where the seller may sell."""

from .kiosk_queries import by_asin

PARTICIPATIONS = "/sellers/v1/marketplaceParticipations"


async def participates(amazon, code):
    entries = (await amazon.call("GET", PARTICIPATIONS)).body["payload"]
    return next(e["participation"]["isParticipating"] for e in entries if e["marketplace"]["countryCode"] == code)


async def test_a_withdrawn_token_opens_nothing_and_a_new_one_does_while_access_tokens_end_by_themselves(amazon):
    access, old = await amazon.token(), amazon.simulator.env()["SP_REFRESH_TOKEN_EU"]

    amazon.simulator.authorisations.withdraw("EU")

    refused = await amazon.log_in()
    assert (refused.status, refused.body["error"]) == (400, "invalid_grant")
    assert "SP_REFRESH_TOKEN_EU" not in amazon.simulator.env()
    assert (await amazon.call("GET", PARTICIPATIONS, token=access)).status == 200

    new = amazon.simulator.authorisations.renew("EU")

    assert amazon.simulator.env()["SP_REFRESH_TOKEN_EU"] == new != old
    assert (await amazon.log_in()).status == 400, "the old one"
    assert (await amazon.log_in(refresh_token=new)).status == 200
    assert (await amazon.log_in("NA")).status == 200


async def test_a_closed_marketplace_is_listed_as_closed_and_answered_for_no_more_than_one_of_others(amazon):
    assert await participates(amazon, "FR")

    amazon.simulator.closures.close("FR")

    assert not await participates(amazon, "FR")
    assert await participates(amazon, "DE")
    assert (await amazon.ask(by_asin(marketplaceIds='["A13V1IB3VIYZZH"]'))).error == (403, "Unauthorized")
    both = by_asin(marketplaceIds='["A1PA6795UKMFR9" "A13V1IB3VIYZZH"]')
    assert (await amazon.ask(both)).error == (403, "Unauthorized")
    assert (await amazon.create(marketplaceIds=["A13V1IB3VIYZZH"])).error == (403, "Unauthorized")
    assert (await amazon.ask(by_asin())).status == 202

    amazon.simulator.closures.reopen("FR")

    assert await participates(amazon, "FR")
    assert (await amazon.ask(both)).status == 202


async def test_what_was_accepted_before_a_marketplace_was_closed_is_answered(amazon):
    created = await amazon.ask(by_asin(marketplaceIds='["A13V1IB3VIYZZH"]'))
    amazon.simulator.closures.close("FR")
    amazon.time.pass_by(hours=1)
    assert (await amazon.query(created.body["queryId"]))["processingStatus"] == "DONE"


async def test_the_control_changes_both_and_says_what_it_does_not_know(amazon):
    control = amazon.simulator.urls["control"]

    async def said(path, **body):
        return await amazon.send("POST", f"{control}/_simulator/{path}", json=body)

    assert (await said("authorisations", EU="withdrawn")).body["EU"] is None
    assert (await said("authorisations", EU="renewed")).body["EU"] == amazon.simulator.env()["SP_REFRESH_TOKEN_EU"]
    assert (await said("marketplaces", FR="closed")).body["FR"] == "closed"
    assert (await said("marketplaces", FR="open")).body["FR"] == "open"
    for path, body in (("authorisations", {"XX": "renewed"}), ("marketplaces", {"FR": "gone"})):
        assert (await said(path, **body)).status == 400
