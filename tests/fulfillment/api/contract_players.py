"""What every shape of the claims API must do for a player's token (A1, A2)."""

from __future__ import annotations

from fulfillment.models import ApiClient
from fulfillment.rules.states import State
from portal.models import User
from tests import factories as make
from tests.fulfillment.api.shape import Shape, Studio


class PlayersTokenContract(Shape):
    """What a token does that a player granted: the matrix of the platform, for the player's own claims alone (A1)."""

    def players_headers(self, user: User, client: ApiClient | None = None) -> dict[str, str]:
        client = client or self.studio.client
        return make.api_headers(client, make.make_api_token(client, user=user))

    def test_a1_a_players_token_lists_the_players_claims_alone(self) -> None:
        user, viewer, player = self.studio.account()
        by_viewer = self.studio.claim(viewer=viewer, platform_user_id=viewer.platform_user_id)
        by_player = self.studio.claim(player=player)
        by_both = self.studio.claim(viewer=viewer, player=player, player_slot=2)
        self.studio.claim(viewer=make.make_viewer(self.studio.organization, self.platform))
        self.studio.claim(platform=self.other_platform, player=player, player_slot=3)
        headers = self.players_headers(user)
        expected = [claim.platform_claim_id for claim in (by_viewer, by_player, by_both)]
        assert self.ids(headers) == expected
        assert self.all_ids(1, headers) == expected

    def test_a1_a_players_token_updates_the_players_claims_alone(self) -> None:
        user, viewer, player = self.studio.account()
        mine, other = self.studio.claim(viewer=viewer, player=player), self.studio.claim()
        ids = [mine.platform_claim_id, other.platform_claim_id]
        assert self.not_updated(self.update(self.players_headers(user), ids)) == {other.platform_claim_id}
        other.refresh_from_db()
        assert other.state == State.READY

    def test_a2_a_players_token_sees_no_claims_of_another_organization(self) -> None:
        user, _viewer, _player = self.studio.account()
        stranger = Studio(self.platform)
        viewer = make.make_viewer(stranger.organization, self.platform, user=user)
        claim = stranger.claim(viewer=viewer, player=make.make_player(stranger.game, user=user))
        headers = self.players_headers(user)
        assert self.ids(headers) == []
        assert self.not_updated(self.update(headers, [claim.platform_claim_id])) == {claim.platform_claim_id}
        assert self.ids(self.players_headers(user, stranger.client)) == [claim.platform_claim_id]

    def test_a1_a_player_without_viewer_or_player_has_no_claims(self) -> None:
        self.studio.claim()
        assert self.ids(self.players_headers(make.make_user())) == []

    def test_a1_a_token_of_a_disabled_account_is_refused(self) -> None:
        user, _viewer, _player = self.studio.account()
        headers = self.players_headers(user)
        assert self.ask(headers).status_code == 200
        User.objects.filter(pk=user.pk).update(is_active=False)
        assert self.ask(headers).status_code == 401

    def test_s4_each_player_has_calls_of_their_own(self) -> None:
        client = make.make_api_client(self.studio.organization, points_per_minute=1)
        one, another = (self.players_headers(make.make_user(), client) for _ in range(2))
        assert self.ask(one).status_code == 200
        assert self.ask(one).status_code == 429
        assert self.ask(another).status_code == 200
        assert self.ask(make.api_headers(client)).status_code == 200
