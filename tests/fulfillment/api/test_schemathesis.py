"""Schemathesis calls every operation with what its description allows and with what it forbids, and judges the answers (A4).

Twice: by the portal's own description, and by the published contract of Twitch's calls. All of Schemathesis' default checks
are made. What is made up is the same in every run.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import yaml
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from hypothesis import settings
from schemathesis.config import SchemathesisConfig

from fulfillment.api.docs import kick, tokens, twitch
from fulfillment.api.points import purses
from fulfillment.oauth.secrets import encode_secret
from fulfillment.rules.states import State
from portal.wsgi import application
from tests.factories import make_api_client
from tests.fulfillment.api.shape import Studio

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

EXAMPLES = 25
CONTRACT = Path(__file__).resolve().parents[2] / "contracts" / "twitch-drops-openapi.yml"
LEFT_OUT = {"Client-Id"}
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409"]


def also_accepting(*patterns: str) -> SchemathesisConfig:
    """Return a configuration in which these calls may answer 400 to what their description allows."""
    check = {"positive_data_acceptance": {"expected-statuses": [*ACCEPTED, "400"]}}
    operations = [{"include-path-regex": pattern, "checks": check} for pattern in patterns]
    return SchemathesisConfig.from_dict({"generation": {"deterministic": True}, "operations": operations})


# A description can say of a value what it looks like. It cannot say that it is the id of a client that there is (so 400 for
# those who ask for tokens), that two dates go together, in which order (reports), nor what only one kind of token must name
# (broadcasters).
OURS = schemathesis.openapi.from_wsgi(
    "/api/openapi.json",
    application,
    config=also_accepting("^/oauth2?/", "^/helix/analytics/games?$", "^/game-state/v1/broadcasters$"),
)


def the_contract() -> Any:
    """Return Twitch's contract, with what the live API has besides (protocols, section 0).

    The live API has the update at the address of the list, too (row 1). The contract lists 200 and 401 alone for lists; the
    live API answers 400, 403 and 404 there too, all in the body that the contract calls Error, and 429 to a call too many
    (row 4). It gives no limits of ids, cursors and dates (rows 3 and 6), so that what it allows may be refused with 400.
    """
    content = yaml.safe_load(CONTRACT.read_text())
    update = content["paths"]["/entitlements/drops/update"]["patch"]
    content["paths"]["/entitlements/drops"]["patch"] = {**update, "operationId": "updateWhereTheListIs"}
    refusal = {
        "description": "Refused",
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}},
    }
    for path in content["paths"].values():
        for operation in path.values():
            for status in ("400", "403", "404", "413", "429"):
                operation["responses"].setdefault(status, refusal)
    loaded = schemathesis.openapi.from_dict(content, config=also_accepting("."))
    loaded.app = application
    return loaded


THEIRS = the_contract()


@pytest.fixture(autouse=True)
def _connection_stays_open() -> Iterator[None]:
    """Let no call close the connection that the test's transaction is on, as Django's own test client does."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def headers() -> dict[str, str]:
    """Whose calls they are: a client that may do all, and sees claims of every platform, fulfilled and not.

    The claims and the client that the description's examples name are there too: Schemathesis sends these as well.
    """
    purses.forget()
    studio = Studio("twitch", other_platforms=True, points_per_minute=1_000_000)
    kick_id, twitch_id = (one["claim_id"] for one in kick.EXAMPLE_UPDATE["claims"])
    studio.claim(platform="kick", id=kick_id, platform_claim_id=kick_id)
    studio.claim(platform="twitch", id=twitch_id, platform_claim_id=twitch.EXAMPLE_UPDATE["entitlement_ids"][0])
    for platform in ("twitch", "kick", "studio"):
        studio.claim(platform=platform)
        studio.claim(platform=platform, state=State.DELIVERED)
    named = make_api_client(studio.organization, client_id=tokens.CLIENT_ID_VALUE)
    named.oauth.secret = encode_secret(tokens.SECRET_VALUE)
    named.oauth.save()
    return studio.headers


@OURS.exclude(path_regex="/authorize$").parametrize()  # a page for browsers
@settings(max_examples=EXAMPLES)
def test_a4_no_call_differs_from_the_portals_own_description(case: Any, headers: dict[str, str]) -> None:
    call(case, headers)


@THEIRS.parametrize()
@settings(max_examples=EXAMPLES)
def test_a1_no_call_differs_from_the_published_contract_of_twitchs(case: Any, headers: dict[str, str]) -> None:
    call(case, headers)


def call(case: Any, headers: dict[str, str]) -> None:
    """Make a call as our client, and judge the answer. A ``Client-Id`` that was left out on purpose stays out."""
    case.call_and_validate(
        headers={name: value for name, value in headers.items() if name not in LEFT_OUT or name in case.headers}
    )
