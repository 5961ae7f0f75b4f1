"""Nights on which one thing goes wrong for long, from its first run to its cure: what is told, what is missed, and
that nothing of it is left. All of them together: test_month.py."""

from datetime import timedelta

from alerted import alerts, ends, night, raised, told_shop
from amazon_simulator import Fault
from bad_nights import BAD_THINGS, Place
from history import open_days
from kiosk import calls, left_open, right
from night import OpenShop, Shop
from slack_server import SlackServer

HOUR = timedelta(hours=1)
THING = {thing.name: thing for thing in BAD_THINGS}
DOWN = THING["Amazon is down for six hours from 02:00"]
REVOKED = THING["a refresh token is revoked, and renewed by a person later"]
ROLE = THING["a role is removed and given back"]


def codes(shop: Shop) -> list[int]:
    return [report.exit_code for report in shop.reports]


async def test_amazon_down_for_six_hours_from_two_in_the_morning_is_one_message_and_one_line(
    opened_shop: OpenShop, slack: SlackServer, direct_url: str
) -> None:
    shop = await told_shop(opened_shop, slack, marketplaces=("US", "DE", "FR", "JP"))
    for _ in range(3):
        await night(shop)
    place = Place(shop=shop, slack=slack, direct_url=direct_url)
    began = shop.clock.now()

    with DOWN.what(place):
        await night(shop, at_rest=3 * HOUR)
        await night(shop, at_rest=3 * HOUR)  # somebody starts another one
        assert shop.clock.now() - began == 6 * HOUR
    await night(shop, at_rest=11 * HOUR)

    assert codes(shop) == [0, 0, 0, 3, 3, 0]
    message, over = slack.texts
    assert "Amazon does not answer" in message
    assert ends(slack) == ["outage/Amazon"]
    assert raised(slack) == 1
    assert "late" not in over
    assert not any(alerts(shop).values())
    assert open_days(shop) == {}
    assert right(shop) == []


async def test_a_run_by_reports_does_not_outlast_an_outage_because_each_of_its_questions_waits_for_a_turn(
    opened_shop: OpenShop,
) -> None:
    shop = await opened_shop(marketplaces=("US", "DE", "FR", "IT", "ES", "UK"), parents=4, children=10)
    shop.goes_wrong(Fault(kind="server_error", account="EU", times=None))

    report = await shop.night()

    assert report.exit_code == 3
    assert report.finished - report.began < 3 * HOUR, "two hours, and a turn more"
    assert [code for code, _ in shop.loaded_days()] == ["US"], "the other account was not held up"

    shop.amazon.mischief.clear()
    shop.clock.advance(HOUR)
    again = await shop.night()

    assert again.exit_code == 0
    assert open_days(shop) == {}
    assert right(shop) == []


async def test_a_token_revoked_on_the_third_night_of_ten_and_renewed_by_a_person_on_the_seventh(
    opened_shop: OpenShop, slack: SlackServer, direct_url: str
) -> None:
    shop = await told_shop(opened_shop, slack)
    place = Place(shop=shop, slack=slack, direct_url=direct_url)
    for _ in range(2):
        await night(shop)
    with REVOKED.what(place):
        for _ in range(4):
            await night(shop)
        assert len(slack.texts) == 1
    for _ in range(4):
        await night(place.shop)

    assert codes(shop) == [0, 0, 1, 1, 1, 1, 0, 0, 0, 0]
    message, over = slack.texts
    for words in ("refuses an account: EU", "DE cannot be pulled", "invalid_grant", "SP_REFRESH_TOKEN_EU"):
        assert words in message
    assert ends(slack) == ["login refused/EU"]
    assert "late" not in over
    assert not any(alerts(shop).values())
    assert open_days(shop) == {}
    assert len([day for code, day in shop.loaded_days() if code == "DE"]) == 10
    assert right(shop) == []


async def test_a_role_that_is_removed_and_given_back_with_a_new_authorisation_is_told_once_and_leaves_no_gap(
    opened_shop: OpenShop, slack: SlackServer, direct_url: str
) -> None:
    shop = await told_shop(opened_shop, slack)
    place = Place(shop=shop, slack=slack, direct_url=direct_url)
    for _ in range(2):
        await night(shop)
    with ROLE.what(place):
        for _ in range(4):
            await night(shop)
        refused = calls(shop, "createQuery", 403)
    for _ in range(2):
        await night(place.shop)

    assert codes(shop) == [0] * 8, "the nights between go by report"
    assert len(shop.journal) >= 4
    assert calls(shop, "createQuery", 403) == refused, "the new token opens it at once, without another refusal"
    message, _ = slack.texts
    assert raised(slack) == len(ends(slack)) == len(set(ends(slack))) == message.count("is closed to account EU.")
    assert not any(alerts(shop).values())
    assert open_days(shop) == {}
    assert left_open(shop) == []
    assert right(shop) == []
