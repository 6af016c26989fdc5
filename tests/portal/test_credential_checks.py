"""The check of a credential: what works and what does not, in words, while somebody waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from fulfillment.models import PlatformSubscription, WebhookTally
from portal import credential_checks, platforms
from portal.credential_checks import Examination, Outcome, Result, examine, examining
from portal.models import ApiStanding, AppAccessToken, PlatformCredential
from tests import factories as make
from tests.doubles.platform_server import KickApi, PlatformServer, TwitchApi
from tests.factories import NOW
from tests.loopback import free_port
from tests.signers.kick import KickSigner

pytestmark = pytest.mark.django_db

CATEGORY = "493057"


class Setup:
    """A platform on loopback, and everything about a credential right."""

    def __init__(self, api: PlatformServer) -> None:
        self.api = api
        self.api.categories = {CATEGORY: "Starfall"}
        self.organization = make.make_organization()
        self.credential = make.make_credential(
            self.organization,
            api.shape,
            client_id=api.client_id,
            id_url=api.url,
            api_url=api.url,
            platform_organization_id="org-1",
        )
        self.game = make.make_game(self.organization, name="Our Starfall")
        make.make_category(self.game, api.shape, platform_category_id=CATEGORY)

    def change(self, **fields: Any) -> None:
        PlatformCredential.objects.filter(pk=self.credential.pk).update(**fields)
        self.credential.refresh_from_db()

    def results(self) -> dict[str, Result]:
        return {one.title: one for one in examine(self.credential, now=NOW)}

    def outcomes(self) -> dict[str, Outcome]:
        return {title: one.outcome for title, one in self.results().items()}


@pytest.fixture(autouse=True)
def development(settings: Any) -> None:
    settings.PORTAL_ALLOW_HTTP_LOOPBACK = True
    settings.BASE_URL = "https://drops.example"


@pytest.fixture
def twitch() -> Iterator[Setup]:
    api = TwitchApi()
    yield Setup(api)
    api.stop()


@pytest.fixture
def kick() -> Iterator[Setup]:
    api = KickApi(public_key=KickSigner().public_pem)
    yield Setup(api)
    api.stop()


@pytest.fixture(params=["twitch", "kick"])
def setup(request: pytest.FixtureRequest) -> Setup:
    made: Setup = request.getfixturevalue(request.param)
    return made


def test_all_that_works_at_twitch_is_said_to_work(twitch: Setup) -> None:
    assert twitch.outcomes() == {
        "Sign-in address": Outcome.WORKS,
        "Client id and secret": Outcome.WORKS,
        "App token": Outcome.WORKS,
        "Claims": Outcome.WORKS,
        "Event subscriptions at the platform": Outcome.WORKS,
        "Organization id there": Outcome.UNKNOWN,
        "Webhook secret": Outcome.WORKS,
        "Webhook address": Outcome.WORKS,
        "Categories of your games": Outcome.WORKS,
        "Redirect address": Outcome.UNKNOWN,
        "Connection page": Outcome.UNKNOWN,
        "Messages of the platform": Outcome.UNKNOWN,
        "The portal's event subscriptions": Outcome.UNKNOWN,
    }


def test_all_that_works_at_kick_is_said_to_work(kick: Setup) -> None:
    outcomes = kick.outcomes()
    assert Outcome.FAILS not in outcomes.values() and Outcome.LOOK not in outcomes.values()
    assert outcomes["Public key"] is Outcome.WORKS
    assert "Webhook secret" not in outcomes and "Organization id there" not in outcomes
    assert "e-mail" in kick.results()["Webhook address"].advice


def test_where_there_are_no_app_tokens_a_call_for_claims_proves_the_secret(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = setup.credential.platform
    monkeypatch.setitem(platforms.registry, key, replace(platforms.get(key), get_app_token=None))
    assert setup.outcomes()["Claims"] is Outcome.FAILS, "the secret is none that the platform knows"
    setup.api.tokens.append("client-secret")
    outcomes = setup.outcomes()
    assert outcomes["Client id and secret"] is outcomes["Claims"] is Outcome.WORKS
    assert "Sign-in address" not in outcomes
    setup.change(client_secret="")
    assert setup.outcomes()["Client id and secret"] is Outcome.FAILS


def test_a_check_asks_for_a_new_token_because_the_old_one_says_nothing_of_the_secret(setup: Setup) -> None:
    setup.results()
    setup.results()
    assert len(setup.api.tokens) == 2
    assert AppAccessToken.objects.get().access_token == "app-token-2"
    setup.api.token_status = 403
    assert setup.outcomes()["Client id and secret"] is Outcome.FAILS


@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_wrong_secret_is_told_from_an_address_that_does_not_answer(setup: Setup, status: int) -> None:
    setup.api.token_status = status
    results = setup.results()
    assert results["Sign-in address"].outcome is Outcome.WORKS
    assert results["Client id and secret"].outcome is Outcome.FAILS
    assert f"(status {status})" in results["Client id and secret"].happened
    assert "Renew client secret" in results["Client id and secret"].advice
    assert results["Claims"].outcome is results["Categories of your games"].outcome is Outcome.UNKNOWN
    assert [call[1] for call in setup.api.calls if call[0] != "POST"] in ([], ["/public/v1/public-key"])


def test_an_address_that_does_not_answer_is_said_to(setup: Setup) -> None:
    setup.change(id_url=f"http://127.0.0.1:{free_port()}")
    results = setup.results()
    assert results["Sign-in address"].outcome is Outcome.FAILS
    assert results["Client id and secret"].outcome is Outcome.UNKNOWN


@pytest.mark.parametrize("answer", [(404, {}), (200, b"<html>Welcome</html>")])
def test_another_program_at_the_sign_in_address_is_told_as_such(setup: Setup, answer: tuple[int, Any]) -> None:
    setup.api.fail(*answer)
    result = setup.results()["Sign-in address"]
    assert (result.outcome, "not a sign-in" in result.happened) == (Outcome.FAILS, True)


def test_a_platform_in_trouble_is_told_from_a_mistake(setup: Setup) -> None:
    setup.api.fail(503)
    result = setup.results()["Sign-in address"]
    assert (result.outcome, "platform's own trouble" in result.advice) == (Outcome.LOOK, True)


def test_without_a_secret_nothing_is_asked(setup: Setup) -> None:
    setup.change(client_secret="")
    outcomes = setup.outcomes()
    assert outcomes["Client id and secret"] is Outcome.FAILS
    assert setup.api.tokens == []
    assert outcomes["Claims"] is Outcome.UNKNOWN


def test_a_token_of_another_app_is_noticed(setup: Setup) -> None:
    setup.api.client_id = "another"
    assert setup.outcomes()["App token"] is Outcome.FAILS


@pytest.mark.parametrize(("status", "word"), [(400, "member"), (403, "own"), (401, "client ID")])
def test_a_refusal_to_list_claims_is_explained_in_twitchs_terms(twitch: Setup, status: int, word: str) -> None:
    twitch.api.list_faults.extend([status, status])
    result = twitch.results()["Claims"]
    assert (result.outcome, word in result.advice) == (Outcome.FAILS, True)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_to_list_claims_is_explained_in_kicks_terms(kick: Setup, status: int) -> None:
    kick.api.list_faults.extend([status, status])
    result = kick.results()["Claims"]
    assert (result.outcome, "developer team" in result.advice) == (Outcome.FAILS, True)


def test_claims_that_are_there_are_said_to_be_and_ones_not_understood_are_shown(setup: Setup) -> None:
    assert "none yet" in setup.results()["Claims"].happened
    setup.api.add_claim("claim-1")
    assert "There are some" in setup.results()["Claims"].happened
    setup.api.claims[0] = {"nothing": "known"}
    assert setup.outcomes()["Claims"] is Outcome.LOOK


def test_one_check_that_fails_takes_no_other_with_it(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(run: Examination) -> Iterator[Result]:
        raise ZeroDivisionError

    monkeypatch.setattr(credential_checks, "checks", [broken, *credential_checks.checks])
    results = setup.results()
    assert results["One of the checks"].outcome is Outcome.UNKNOWN
    assert results["Claims"].outcome is Outcome.WORKS


def test_a_call_that_hangs_is_given_up_after_seconds(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(credential_checks, "CALL_SECONDS", 0.7)
    setup.api.list_faults.append(0)
    results = setup.results()
    assert results["Claims"].outcome is Outcome.FAILS and "in time" in results["Claims"].happened
    assert results["Client id and secret"].outcome is Outcome.WORKS


def test_once_its_time_is_over_a_check_begins_no_further_call(setup: Setup, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "ALTOGETHER_SECONDS", -1)
    results = setup.results()
    for title in ("App token", "Claims", "Event subscriptions at the platform", "Categories of your games"):
        assert results[title].outcome is Outcome.UNKNOWN and "took too long" in results[title].happened
    assert len(setup.api.calls) == 1
    assert "Redirect address" in results
    assert ApiStanding.objects.get().failures == 0


def test_the_limits_of_a_check_are_a_few_seconds_a_call_and_less_than_half_a_minute_in_all() -> None:
    assert credential_checks.CALL_SECONDS <= 5
    assert examining.ALTOGETHER_SECONDS + credential_checks.CALL_SECONDS < 30


def test_a_pause_that_the_platform_asked_for_is_kept_to(setup: Setup) -> None:
    ApiStanding.objects.create(credential=setup.credential, paused_until=NOW + timedelta(seconds=40))
    result = setup.results()["Sign-in address"]
    assert (result.outcome, "41 seconds" in result.advice) == (Outcome.UNKNOWN, True)
    assert setup.api.tokens == []


@pytest.mark.parametrize(
    ("secret", "outcome"),
    [
        ("", Outcome.FAILS),
        ("short", Outcome.FAILS),
        ("x" * 101, Outcome.FAILS),
        ("ümlaut-ümlaut", Outcome.FAILS),
        ("client-secret", Outcome.FAILS),
        ("x" * 10, Outcome.WORKS),
        ("x" * 100, Outcome.WORKS),
    ],
)
def test_a_webhook_secret_must_be_one_that_twitch_takes(twitch: Setup, secret: str, outcome: Outcome) -> None:
    twitch.change(webhook_secret=secret)
    result = twitch.results()["Webhook secret"]
    assert result.outcome is outcome
    assert not secret or secret not in f"{result.happened} {result.advice}"


@pytest.mark.parametrize(
    ("base", "api", "outcome"),
    [
        ("https://drops.example", "", Outcome.WORKS),
        ("http://drops.example", "", Outcome.FAILS),
        ("http://localhost:8000", "", Outcome.FAILS),
        ("https://localhost", "", Outcome.FAILS),
        ("https://10.1.2.3", "", Outcome.FAILS),
        ("http://localhost:8000", "http://127.0.0.1:8001", Outcome.WORKS),
    ],
)
def test_the_webhook_address_must_be_one_that_the_platform_can_call(
    twitch: Setup, settings: Any, base: str, api: str, outcome: Outcome
) -> None:
    settings.BASE_URL = base
    twitch.change(client_secret="", api_url=api)
    result = twitch.results()["Webhook address"]
    assert (result.outcome, base in result.happened) == (outcome, True)
    assert twitch.credential.url_token not in f"{result}"


def test_categories_are_shown_by_the_platforms_name_and_unknown_ones_are_named(setup: Setup) -> None:
    make.make_category(setup.game, setup.api.shape, platform_category_id="999")
    make.make_category(make.make_game(), setup.api.shape, platform_category_id="888")
    found = [one for one in examine(setup.credential, now=NOW) if one.title == "Categories of your games"]
    assert [(one.outcome, one.rows) for one in found] == [
        (Outcome.FAILS, (("Our Starfall: 999", "not known there"),)),
        (Outcome.WORKS, ((f"Our Starfall: {CATEGORY}", "Starfall"),)),
    ]


def test_a_game_without_a_category_is_worth_a_look(setup: Setup) -> None:
    setup.game.categories.all().delete()
    assert setup.outcomes()["Categories of your games"] is Outcome.LOOK


def test_without_the_organizations_id_nobody_tells_of_claims(twitch: Setup) -> None:
    twitch.change(platform_organization_id="")
    assert twitch.outcomes()["Organization id there"] is Outcome.FAILS


def test_a_key_that_cannot_be_read_is_none(kick: Setup) -> None:
    assert isinstance(kick.api, KickApi)
    kick.api.public_key = "no key"
    assert kick.outcomes()["Public key"] is Outcome.FAILS


def test_what_cannot_be_checked_is_there_to_copy(setup: Setup) -> None:
    results = setup.results()
    key, slug = setup.api.shape, setup.organization.slug
    assert results["Redirect address"].copy == f"https://drops.example/accounts/{key}/login/callback/"
    assert results["Connection page"].copy == f"https://drops.example/connect/{slug}/"


def test_a_credential_that_is_off_is_worth_a_look(setup: Setup) -> None:
    setup.change(enabled=False)
    assert setup.outcomes()["Switched off"] is Outcome.LOOK


def test_a_message_that_came_through_proves_the_webhook(setup: Setup) -> None:
    WebhookTally.objects.create(credential=setup.credential, hour=NOW, outcome="bad_signature", count=3)
    assert setup.outcomes()["Messages of the platform"] is Outcome.UNKNOWN
    last = NOW - timedelta(minutes=5)
    hour = last.replace(minute=0)
    WebhookTally.objects.create(credential=setup.credential, hour=hour, outcome="accepted", count=1, last_at=last)
    result = setup.results()["Messages of the platform"]
    assert (result.outcome, "5\xa0minutes ago" in result.happened) == (Outcome.WORKS, True)


@pytest.mark.parametrize(
    ("state", "problem", "outcome", "words"),
    [
        ("enabled", "", Outcome.WORKS, "All 2 are at work."),
        ("pending", "", Outcome.LOOK, "1 of 2 are at work."),
        ("refused", "status:403", Outcome.FAILS, "The platform refuses the app."),
        ("ended", "", Outcome.FAILS, "1 of 2 are at work."),
    ],
)
def test_how_the_portals_own_subscriptions_stand_is_said(
    setup: Setup, state: str, problem: str, outcome: Outcome, words: str
) -> None:
    for number, fields in enumerate(({"state": "enabled"}, {"state": state, "problem": problem})):
        PlatformSubscription.objects.create(
            credential=setup.credential, type="stream.online", subject=str(number), **fields
        )
    PlatformSubscription.objects.create(credential=setup.credential, type="x", subject="9", wanted=False)
    result = setup.results()["The portal's event subscriptions"]
    assert (result.outcome, words in result.happened) == (outcome, True)
