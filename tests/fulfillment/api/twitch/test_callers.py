"""Who asks in Twitch's shape: refusals in Helix's words, and what is left of the minute (A1, S4)."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpResponse

from fulfillment.rules.states import State
from tests import factories as make
from tests.factories import NOW
from tests.fulfillment.api.twitch.helix import Helix


class TestWhoAsks(Helix):
    """Helix's 400 and 401, and its headers."""

    def test_a1_a_missing_token_and_a_bad_one_are_told_apart_in_helix_s_words(self) -> None:
        client_id = {"Client-Id": self.studio.client.oauth_id}
        assert self.refused(self.get({}), 401) == "OAuth token is missing"
        assert self.refused(self.get(client_id), 401) == "OAuth token is missing"
        assert self.refused(self.get({**client_id, "Authorization": "OAuth abc"}), 401) == "OAuth token is missing"
        assert self.refused(self.get({**client_id, "Authorization": "Bearer abc"}), 401) == "Invalid OAuth token"
        self.studio.client.revoked_at = NOW
        self.studio.client.save()
        assert self.refused(self.get(), 401) == "Invalid OAuth token"

    def test_a1_the_client_id_must_be_there_and_be_the_token_s(self) -> None:
        token = {"Authorization": self.studio.headers["Authorization"]}
        other = make.make_api_client(self.studio.organization)
        for headers, text in (
            (token, "Client ID is missing"),
            ({**token, "Client-Id": " "}, "Client ID is missing"),
            ({**token, "Client-Id": other.oauth_id}, "Client ID and OAuth token do not match"),
            ({**token, "Client-Id": self.studio.client.oauth_id.upper()}, "Client ID and OAuth token do not match"),
        ):
            assert self.refused(self.get(headers), 401) == text
            assert self.refused(self.update(headers, ["claim"]), 401) == text
        assert self.get({**token, "client-ID": self.studio.client.oauth_id}).status_code == 200

    def test_a1_a_client_of_a_disabled_organization_is_refused(self) -> None:
        claim = self.studio.claim()
        self.studio.organization.enabled = False
        self.studio.organization.save()
        text = "The client is not associated with a known organization."
        assert self.refused(self.get(), 400) == text
        assert self.refused(self.update(self.studio.headers, [claim.platform_claim_id]), 400) == text
        claim.refresh_from_db()
        assert claim.state == State.READY

    def test_a1_a_missing_scope_is_named_in_helix_s_words(self) -> None:
        headers = self.studio.another_client(scopes=())
        assert self.refused(self.get(headers), 401) == "Missing scope: claims:read"
        assert self.refused(self.update(headers, ["claim"]), 401) == "Missing scope: claims:write"

    def test_s4_every_answer_to_a_known_client_tells_what_is_left_of_the_minute(self) -> None:
        headers = self.studio.another_client(points_per_minute=6)
        reset = str(int((NOW + timedelta(minutes=1)).timestamp()))
        answers = [
            self.get(headers),
            self.get(headers, first="x"),
            self.get(headers, id="unknown"),
            self.update(headers, ["claim"]),
            self.get({**headers, "Client-Id": "another"}),
            self.patch([], headers),
            self.get(headers),
            self.get(headers),
        ]
        assert [answer.status_code for answer in answers] == [200, 400, 403, 200, 401, 400, 429, 429]
        assert [answer["Ratelimit-Remaining"] for answer in answers] == [*"543210", "0", "0"]
        assert {answer["Ratelimit-Limit"] for answer in answers} == {"6"}
        assert {answer["Ratelimit-Reset"] for answer in answers} == {reset}
        assert "Ratelimit-Limit" not in self.get({}).headers

    def refused(self, response: HttpResponse, status: int) -> str:
        assert response.status_code == status, response.content
        return self.message(response)
