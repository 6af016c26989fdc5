"""Calling a platform as an organization's own app: tokens, the limits the platform sets, and how the calls go."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal import platforms
from portal.calling import PAUSE_UNASKED, call_platform, problem_of, renew_token, tallies
from portal.models import ApiStanding, ApiTally, AppAccessToken, PlatformCredential
from portal.platforms.calls import PlatformError
from portal.platforms.claims_api import ClaimsPage, Narrowed
from tests import factories as make
from tests.doubles.claims_server import ClaimsServer
from tests.factories import NOW

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("loopback")]

SECOND = timedelta(seconds=1)


class Setup:
    """A platform on loopback and the credential of an organization there."""

    def __init__(self, shape: str) -> None:
        self.api = ClaimsServer(shape)
        self.api.add_claim("claim-1")
        self.credential = make.make_credential(
            make.make_organization(), shape, id_url=self.api.url, api_url=self.api.url
        )

    def list(self, *, after: timedelta = timedelta()) -> ClaimsPage:
        """List claims as another process would, that has read the credential anew."""
        credential = PlatformCredential.objects.get(pk=self.credential.pk)
        return call_platform(credential, listing(credential), now=NOW + after)

    @property
    def standing(self) -> ApiStanding:
        return ApiStanding.objects.get(credential=self.credential)

    def counted(self) -> dict[str, int]:
        tallies.flush()
        return dict(ApiTally.objects.values_list("outcome", "count"))


def listing(credential: PlatformCredential) -> Callable[[str], ClaimsPage]:
    api = platforms.get(credential.platform).claims_api
    assert api is not None

    def call(token: str) -> ClaimsPage:
        return api.list_claims(
            credential.api_base,
            client_id=credential.client_id,
            access_token=token,
            narrowed=Narrowed.ALL,
            value="",
            only_open=True,
            cursor="",
            size=20,
        )

    return call


@pytest.fixture(params=["twitch", "kick"])
def setup(request: pytest.FixtureRequest) -> Iterator[Setup]:
    made = Setup(request.param)
    yield made
    made.api.server.stop()


def test_a_token_is_asked_for_once_and_kept(setup: Setup) -> None:
    assert [one.claim.platform_claim_id for one in setup.list().claims] == ["claim-1"]
    setup.list(after=timedelta(minutes=30))
    assert setup.api.tokens == ["app-token-1"]
    assert len(setup.api.lists) == 2


def test_a_token_is_renewed_before_it_ends(setup: Setup) -> None:
    setup.list()
    setup.list(after=timedelta(minutes=51))
    assert setup.api.tokens == ["app-token-1", "app-token-2"]


def test_a_token_that_is_not_taken_any_more_is_replaced_and_the_call_made_again(setup: Setup) -> None:
    setup.list()
    setup.api.ended.add("app-token-1")
    assert len(setup.list(after=SECOND).claims) == 1
    assert setup.api.tokens == ["app-token-1", "app-token-2"]
    assert AppAccessToken.objects.get().access_token == "app-token-2"
    assert (setup.standing.failures, setup.standing.problem) == (0, "")


def test_a_new_token_that_is_not_taken_either_is_a_failure_after_one_try(setup: Setup) -> None:
    setup.api.list_faults.extend([401, 401])
    with pytest.raises(PlatformError) as caught:
        setup.list()
    assert (caught.value.status, caught.value.permanent) == (401, True)
    assert (len(setup.api.tokens), len(setup.api.lists)) == (2, 2)
    assert (setup.standing.failures, setup.standing.problem, setup.standing.failed_at) == (1, "status:401", NOW)


def test_a_platform_without_app_tokens_is_called_with_the_secret_itself(
    setup: Setup, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = setup.credential.platform
    monkeypatch.setitem(platforms.registry, key, replace(platforms.get(key), get_app_token=None))
    setup.api.tokens.append("client-secret")
    assert len(setup.list().claims) == 1
    assert renew_token(setup.credential, now=NOW) == "client-secret"
    setup.api.list_faults.append(401)
    with pytest.raises(PlatformError) as caught:
        setup.list(after=SECOND)
    assert (caught.value.status, len(setup.api.lists)) == (401, 2)
    assert setup.api.tokens == ["client-secret"]
    assert not AppAccessToken.objects.exists()


def test_a_wrong_secret_is_kept_as_what_it_is_and_no_call_is_made(setup: Setup) -> None:
    setup.api.token_status = 403
    with pytest.raises(PlatformError):
        setup.list()
    assert setup.api.lists == []
    assert (setup.standing.problem, setup.standing.paused_until) == ("status:403", None)


@pytest.mark.parametrize(
    ("headers", "pause"),
    [
        ({"Retry_After": "90"}, timedelta(seconds=90)),
        ({"Retry_After": "999999"}, timedelta(days=1)),
        ({}, PAUSE_UNASKED),
        ({"Retry_After": "soon"}, PAUSE_UNASKED),
    ],
)
def test_too_many_calls_pause_all_of_the_credential_for_every_process(
    setup: Setup, headers: dict[str, str], pause: timedelta
) -> None:
    setup.api.list_faults.append(429)
    setup.api.headers = headers
    with pytest.raises(PlatformError) as caught:
        setup.list()
    assert caught.value.status == 429
    assert setup.standing.paused_until == NOW + pause
    with pytest.raises(PlatformError) as caught:
        setup.list(after=pause - SECOND)
    assert (caught.value.reason, caught.value.permanent, caught.value.retry_after) == ("paused", False, SECOND)
    assert len(setup.api.lists) == 1
    assert len(setup.list(after=pause).claims) == 1


def test_twitchs_own_header_says_until_when_to_pause_after_too_many_calls(setup: Setup) -> None:
    setup.api.list_faults.append(429)
    setup.api.headers = {"Ratelimit_Reset": "99999999999"}
    with pytest.raises(PlatformError):
        setup.list()
    assert setup.standing.paused_until == NOW + timedelta(days=1)


def test_a_server_error_that_names_a_time_pauses_too(setup: Setup) -> None:
    setup.api.list_faults.append(503)
    setup.api.headers = {"Retry_After": "30"}
    with pytest.raises(PlatformError):
        setup.list()
    assert setup.standing.paused_until == NOW + timedelta(seconds=30)


def test_a_server_error_that_names_none_does_not_pause(setup: Setup) -> None:
    setup.api.list_faults.append(500)
    with pytest.raises(PlatformError):
        setup.list()
    assert (setup.standing.paused_until, setup.standing.problem) == (None, "status:500")
    assert len(setup.list(after=SECOND).claims) == 1


@pytest.mark.parametrize(("remaining", "pauses"), [("6", False), ("5", True), ("0", True), ("many", False)])
def test_few_calls_left_pause_before_the_platform_has_to_refuse(setup: Setup, remaining: str, pauses: bool) -> None:
    reset = int((NOW + timedelta(seconds=40)).timestamp())
    setup.api.list_headers = {"Ratelimit_Remaining": remaining, "Ratelimit_Reset": str(reset)}
    assert len(setup.list().claims) == 1
    assert setup.standing.paused_until == (NOW + timedelta(seconds=40) if pauses else None)
    if pauses:
        with pytest.raises(PlatformError, match="paused"):
            setup.list(after=SECOND)
    assert len(setup.api.lists) == 1


def test_a_reset_that_has_passed_pauses_nothing(setup: Setup) -> None:
    setup.api.list_headers = {"Ratelimit_Remaining": "0", "Ratelimit_Reset": str(int(NOW.timestamp()) - 5)}
    setup.list()
    assert setup.standing.paused_until is None


def test_a_call_that_succeeds_beside_one_that_was_refused_does_not_end_the_pause(setup: Setup) -> None:
    credential = setup.credential

    def meanwhile(token: str) -> None:
        setup.api.list_faults.append(429)
        with pytest.raises(PlatformError):
            setup.list()

    call_platform(credential, meanwhile, now=NOW)
    with pytest.raises(PlatformError, match="paused"):
        setup.list(after=SECOND)


def test_how_the_calls_go_is_kept_and_counted(setup: Setup) -> None:
    setup.list()
    assert (setup.standing.succeeded_at, setup.standing.failures) == (NOW, 0)
    setup.api.list_faults.extend([500, 500, 404])
    for _ in range(3):
        with pytest.raises(PlatformError):
            setup.list(after=SECOND)
    assert (setup.standing.failures, setup.standing.problem) == (3, "status:404")
    setup.list(after=2 * SECOND)
    assert (setup.standing.failures, setup.standing.succeeded_at) == (0, NOW + 2 * SECOND)
    assert setup.standing.problem == "status:404"
    assert setup.counted() == {"ok": 2, "status:500": 2, "status:404": 1}


def test_a_success_right_after_another_writes_nothing(setup: Setup, django_assert_num_queries: Any) -> None:
    setup.list()
    credential = PlatformCredential.objects.get(pk=setup.credential.pk)
    with django_assert_num_queries(2):
        call_platform(credential, listing(credential), now=NOW + SECOND)
    assert setup.standing.succeeded_at == NOW


def test_a_call_that_was_not_made_is_counted_nowhere(setup: Setup) -> None:
    ApiStanding.objects.create(credential=setup.credential, paused_until=NOW + SECOND)
    with pytest.raises(PlatformError):
        setup.list()
    assert setup.counted() == {}
    assert setup.standing.failures == 0


def test_one_credentials_pause_is_nothing_to_another(setup: Setup) -> None:
    ApiStanding.objects.create(credential=setup.credential, paused_until=NOW + timedelta(hours=1))
    other = make.make_credential(
        make.make_organization(), setup.credential.platform, id_url=setup.api.url, api_url=setup.api.url
    )
    assert len(call_platform(other, listing(other), now=NOW).claims) == 1


def test_a_platform_without_an_api_is_told_from_one_that_fails() -> None:
    credential = make.make_credential(make.make_organization(), "portal")
    with pytest.raises(PlatformError) as caught:
        call_platform(credential, lambda token: None, now=NOW)
    assert (caught.value.reason, caught.value.permanent) == ("no_api", True)


def test_a_failure_is_kept_as_a_code_without_what_was_said() -> None:
    assert problem_of(PlatformError("status", status=418, said="s3cret")) == "status:418"
    assert problem_of(PlatformError("timed_out", host="api.example")) == "timed_out"
