"""How the admin shows sessions: how they stand, whose they are, their channels; masked where the role asks for it (S1)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.game_state.standing import Standing
from campaigns.game_state.storing import ABANDONED_AFTER
from campaigns.game_state.words import end_words, refusal_name
from campaigns.models import Channel, GameSession, GameSessionChannel
from campaigns.rules.game_state.codes import CLOSES, Code
from portal import platforms
from portal.admin_words import chip
from portal.organizations import may
from portal.roles import Permission, mask

CHANNELS_IN_A_ROW = 3

_CHIPS = {
    Standing.CONNECTED: (_("connected"), "check", "drops-chip-ok"),
    Standing.INTERRUPTED: (_("interrupted"), "link_off", "drops-chip-attention"),
    Standing.LOST: (_("gateway lost"), "error", "drops-chip-attention"),
}


def sees_state(request: HttpRequest) -> bool:
    """Tell whether this person may see what game servers sent, and by which ids they call things (S1)."""
    return may(request, Permission.SEE_PEOPLE)


def session_name(session: GameSession, *, sees: bool) -> str:
    """Return the game's own id of a session: a game may put a player's into it, so it is masked for analysts."""
    return session.session_key if sees else mask(session.session_key)


def standing_chip(session: GameSession, standing: Standing) -> SafeString:
    """Return how a session stands, as icon and words."""
    if standing is Standing.ENDED:
        return chip(end_words(session.end_code)[0], "stop_circle")
    text, icon, style = _CHIPS[standing]
    return chip(str(text), icon, style)


def standing_told(session: GameSession, standing: Standing) -> str:
    """Return in a sentence or two how a session stands, why, and what happens next."""
    if standing is Standing.ENDED:
        when = f"{session.ended_at:%Y-%m-%d %H:%M:%S} UTC"
        return _t("It ended at %(when)s. %(why)s") % {"when": when, "why": end_words(session.end_code)[1]}
    if standing is Standing.CONNECTED:
        return _t("A game server is connected.")
    until = f"{session.last_message_at + ABANDONED_AFTER:%H:%M:%S} UTC"
    goes_on = _t("It goes on once one connects again with the same session id; if none has by %(until)s, it ends.")
    if standing is Standing.LOST:
        why = _t("The gateway that held its connection is not heard from. Game servers connect again by themselves.")
    else:
        why = _t("No game server is connected.")
        code = closed_by(session)
        if code:
            why += " " + _t("Its connection was closed by the portal: %(why)s.") % {"why": refusal_name(code)}
    return f"{why} {goes_on % {'until': until}}"


def closed_by(session: GameSession) -> str:
    """Return the refusal after which the session's last connection was closed; nothing where it was the game that left."""
    code, at = session.last_refusal, session.last_refused_at
    if at is None or at < session.connected_at or code not in set(Code):
        return ""
    return code if Code(code) in CLOSES else ""


def trust_told(session: GameSession) -> str:
    """Return whose word the state is, and what follows from that (G4)."""
    if session.authoritative:
        return _t("the game's own server: its game events earn rewards")
    return _t("a player's game: it is shown, but its game events earn nothing")


def channel_name(channel: Channel) -> str:
    """Return the best name of a channel, with its platform."""
    name = channel.name or channel.login or channel.platform_channel_id
    return f"{name} ({platforms.get(channel.platform).name})"


def live_chip(live: bool) -> SafeString:
    """Return whether a channel is live, as icon and words."""
    return chip(_t("live"), "sensors", "drops-chip-ok") if live else chip(_t("not live"), "sensors_off")


def channel_link(channel: Channel) -> SafeString:
    """Return a channel's name, leading to its page."""
    page = reverse("admin:campaigns_channel_change", args=[channel.pk])
    return format_html('<a class="drops-link" href="{}">{}</a>', page, channel_name(channel))


def channels_in_a_row(rows: Iterable[GameSessionChannel]) -> SafeString:
    """Return the first channels of a session, each with whether it is live, and how many there are besides."""
    found = list(rows)
    shown = [(channel_name(row.channel), live_chip(row.live)) for row in found[:CHANNELS_IN_A_ROW]]
    parts = format_html_join(SafeString("<br>"), "{} {}", shown)
    more = len(found) - CHANNELS_IN_A_ROW
    if more > 0:
        parts += format_html('<br><span class="drops-name-plain">{}</span>', _t("and %(count)s more") % {"count": more})
    return format_html('<span class="drops-wide">{}</span>', parts) if found else SafeString("–")


def of_at_most(count: int, most: int) -> str:
    """Return a figure beside its limit."""
    return _t("%(count)s of %(most)s") % {"count": f"{count:,}", "most": f"{most:,}"}


def stamp(moment: datetime | None) -> str:
    """Return a time to the second, in UTC."""
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC" if moment else "–"
