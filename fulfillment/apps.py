"""The fulfillment app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FulfillmentConfig(AppConfig):
    """Fulfillment: see the package's modules."""

    name = "fulfillment"
    verbose_name = _("Fulfillment")

    def ready(self) -> None:
        """Hang into the lower apps' registries."""
        from campaigns.game_state.admission import doorkeepers
        from campaigns.hooks import claims_may_resolve, connect_refusals, rewards_earned
        from campaigns.models import Viewer
        from fulfillment import checks_of_credentials, preflight, retention, workers  # noqa: F401 - three register on import
        from fulfillment.events import presence
        from fulfillment.events import sources as event_sources
        from fulfillment.former_names import on_renamed
        from fulfillment.game_state import streams
        from fulfillment.game_state.admitting import Gatekeeper
        from fulfillment.game_state.refusals import refusals_since
        from fulfillment.health import metrics as health_metrics
        from fulfillment.ledger import claims_moved
        from fulfillment.marks import on_claims_may_resolve, on_link_changed, on_player_known
        from fulfillment.metrics import collect
        from fulfillment.models import BulkOperation, RewardCode
        from fulfillment.notices import telling
        from fulfillment.reach import any_action, codes_of_games, viewers_with_claims
        from fulfillment.subscribing.watching import on_subscription_ended
        from fulfillment.sweeping.request import look_for_claims_of
        from fulfillment.webhooks.events import listen
        from fulfillment.webhooks.revocations import on_authorization_revoked
        from linking.hooks import authorization_lapsed, link_changed, player_known, renamed
        from portal import reach
        from portal.health import readiness
        from portal.metrics import sources
        from portal.platforms.messages import StreamChanged, SubscriptionEnded
        from portal.platforms.twitch.messages import AuthorizationRevoked

        reach.narrow(Viewer, viewers_with_claims)
        reach.narrow(BulkOperation, any_action)
        reach.narrow(RewardCode, codes_of_games)
        claims_may_resolve.append(on_claims_may_resolve)
        link_changed += [on_link_changed, telling.on_link_changed, event_sources.on_link_changed, look_for_claims_of]
        claims_moved += [telling.on_claims_moved, event_sources.on_claims_moved]
        doorkeepers.append(Gatekeeper())
        connect_refusals.append(refusals_since)
        rewards_earned.append(telling.on_rewards_earned)
        authorization_lapsed.append(telling.on_authorization_lapsed)
        player_known.append(on_player_known)
        renamed.append(on_renamed)
        listen(AuthorizationRevoked, on_authorization_revoked)
        listen(StreamChanged, streams.on_stream_changed)
        listen(StreamChanged, presence.on_stream_changed)
        listen(SubscriptionEnded, on_subscription_ended)
        sources += [collect, health_metrics.collect]
        readiness["worker"] = workers.readiness
        self._enter_cards()

    def _enter_cards(self) -> None:
        """Hang into the admin's start page and the cards behind it, a campaign's page and the search."""
        from campaigns.hooks import campaign_figures
        from fulfillment.alerts.card import alerts_card
        from fulfillment.bulk_shown import bulk_lines
        from fulfillment.code_card import codes_card, limit_figures, limit_lines, pool_lines
        from fulfillment.code_search import claims_by_code
        from fulfillment.dashboard import claims_card, delivery_card, health_card
        from fulfillment.drift.shown import drift_figure
        from fulfillment.figures import claim_figures
        from fulfillment.finders import finders
        from fulfillment.game_state.card import game_state_card
        from portal.dashboard import CardPage, cards, start_lines

        campaign_figures += [claim_figures, limit_figures, drift_figure]
        finders.append(claims_by_code)
        cards += [
            CardPage("platforms", _("In step with platforms"), 10, health_card),
            CardPage("alerts", _("Alerts"), 30, alerts_card),
            CardPage("claims", _("Claims"), 40, claims_card),
            CardPage("codes", _("Codes and limits"), 45, codes_card),
            CardPage("deliveries", _("Deliveries"), 50, delivery_card),
            CardPage("game-state", _("Game state"), 70, game_state_card),
        ]
        start_lines += [bulk_lines, pool_lines, limit_lines]
