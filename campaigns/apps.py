"""The campaigns app."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CampaignsConfig(AppConfig):
    """Campaigns: see the package's modules."""

    name = "campaigns"
    verbose_name = _("Campaigns")

    def ready(self) -> None:
        """Enter the app's own preflight checks (C5), its cards on the admin's start page, and how counting is doing (O3)."""
        from campaigns import (  # noqa: F401 - they register on import
            checks_of_campaigns,
            checks_of_credentials,
            checks_of_game_events,
            checks_of_heartbeats,
            retention,
        )
        from campaigns.dashboard import campaigns_card, heartbeats_card
        from campaigns.game_state import metrics as game_state
        from campaigns.game_state.figures import game_event_figure
        from campaigns.hooks import campaign_figures
        from campaigns.members import games_of_members, named_games, set_games_of_member, viewers_in_campaigns
        from campaigns.models import Game, Viewer
        from campaigns.watch import health
        from portal import reach
        from portal.dashboard import CardPage, cards
        from portal.health import readiness
        from portal.metrics import sources

        reach.enter_games(
            reach.Games(model=Game, of_members=games_of_members, set_for_member=set_games_of_member, named=named_games)
        )
        reach.narrow(Viewer, viewers_in_campaigns)
        cards += [
            CardPage("campaigns", _("Campaigns"), 20, campaigns_card),
            CardPage("heartbeats", _("Heartbeats"), 60, heartbeats_card),
        ]
        readiness["counting"] = health.readiness
        readiness["gateway"] = game_state.readiness
        sources += [health.collect, game_state.collect]
        campaign_figures.append(game_event_figure)
