"""What staff read of refused messages, closed connections and ended sessions: for each code its words, in one place.

Developers are told by the gateway itself, in English and with the limits; docs/game-state.md lists the codes.
"""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from campaigns.rules.game_state.codes import ENDED_ABANDONED, ENDED_DISCONNECTED, ENDED_DROPPED, Close, Code

Text = str | Promise

_BY_DEVELOPERS = _("The game's developers mend it: the error that their server was sent says what is allowed.")
_LESS = _("Its server sends too much at once. Developers send less, or leave out what no game event needs.")
_TOKEN = _("The game's server asks for a new token and connects again. Nothing is to be done here.")
_LINK = _("The broadcaster links the channel on the game's link page and authorizes the app; then it connects.")

REFUSALS: Mapping[Code, tuple[Text, Text]] = {
    Code.NOT_JSON: (_("no JSON"), _BY_DEVELOPERS),
    Code.NOT_AN_OBJECT: (_("JSON, but no object"), _BY_DEVELOPERS),
    Code.DUPLICATE_KEY: (_("a name twice in one object"), _BY_DEVELOPERS),
    Code.NOT_A_NUMBER: (_("NaN or infinity instead of a number"), _BY_DEVELOPERS),
    Code.NUMBER_TOO_LARGE: (_("a number too large to be exact everywhere"), _BY_DEVELOPERS),
    Code.TOO_DEEP: (_("lists or objects nested too deep"), _BY_DEVELOPERS),
    Code.UNKNOWN_TYPE: (_("a kind of message that does not exist"), _BY_DEVELOPERS),
    Code.BAD_FIELD: (_("a field is missing or of the wrong kind"), _BY_DEVELOPERS),
    Code.WRONG_VERSION: (_("another version of the message format"), _BY_DEVELOPERS),
    Code.CONNECT_TOO_LARGE: (_("the first state too large"), _LESS),
    Code.REFRESH_TOO_LARGE: (_("the full state too large"), _LESS),
    Code.DELTA_TOO_LARGE: (_("a change too large"), _LESS),
    Code.MESSAGE_TOO_LARGE: (_("a message too large to be read"), _LESS),
    Code.STATE_TOO_LARGE: (_("the state would become too large"), _LESS),
    Code.BAD_PATCH: (_("a change that does not apply"), _BY_DEVELOPERS),
    Code.NOT_CONNECTED: (_("a message before the session was connected"), _BY_DEVELOPERS),
    Code.ALREADY_CONNECTED: (_("connected twice"), _BY_DEVELOPERS),
    Code.BINARY: (_("binary data instead of text"), _BY_DEVELOPERS),
    Code.NO_CONNECT: (_("connected and named no session"), _BY_DEVELOPERS),
    Code.IDLE: (
        _("silent for too long"),
        _("The connection was closed and the server connects again. The game's page has the longest silence."),
    ),
    Code.RATE_LIMITED: (
        _("more than 60 messages in a minute"),
        _("The connection was closed and the server connects again. Developers put several changes into one message."),
    ),
    Code.TOKEN_PREFIXED: (_("a word before the token"), _BY_DEVELOPERS),
    Code.TOKEN_UNKNOWN: (_("a token that is not known"), _TOKEN),
    Code.TOKEN_EXPIRED: (_("the token had expired"), _TOKEN),
    Code.TOKEN_REVOKED: (
        _("the token was revoked"),
        _("Somebody revoked the API client or the token. If that was meant, nothing is to be done."),
    ),
    Code.SCOPE_MISSING: (
        _("the token does not allow it"),
        _("An owner adds the scope for sending game state to the API client; then a new token has it."),
    ),
    Code.GAME_UNKNOWN: (_("a game that is not known"), _("Developers take the game's id from its page here.")),
    Code.GAME_NOT_ALLOWED: (
        _("client not allowed for this game"),
        _("An owner allows the pair of client and game on the API client's page."),
    ),
    Code.BROADCASTERS_REFUSED: (_("a player's token with broadcasters named"), _BY_DEVELOPERS),
    Code.BROADCASTERS_MISSING: (_("no broadcaster named"), _BY_DEVELOPERS),
    Code.BROADCASTER_NOT_LINKED: (_("a broadcaster who has not linked"), _LINK),
    Code.REPLACED: (
        _("taken over by another connection"),
        _(
            "A server connected with the same session id, and its connection goes on. Two that do so for ever take turns."
        ),
    ),
    Code.DROPPED: (_("dropped by staff"), _("A member of staff ended the session.")),
}
"""For each refusal what it was, and whose turn it is."""

_OTHER_REFUSALS: Mapping[str, tuple[Text, Text]] = {
    "unavailable": (_("the gateway was full or about to stop"), _("Game servers try again, and reach another one.")),
}
"""What the gateway counts besides: no message was sent yet (HTTP 503)."""

CLOSES: Mapping[Close, Text] = {
    Close.NORMAL: _("in order"),
    Close.BINARY: _("binary data instead of text"),
    Close.NOT_UTF8: _("text that is not UTF-8"),
    Close.TOO_LONG: _("a message too large to be read"),
    Close.RESTART: _("the gateway was stopped"),
    Close.TRY_LATER: _("the portal could not take it at that moment"),
    Close.NO_CONNECT: _("no session was named in time"),
    Close.IDLE: _("silent for too long"),
    Close.RATE: _("too many messages"),
    Close.TOKEN: _("no valid token"),
    Close.NOT_ALLOWED: _("not allowed"),
    Close.REPLACED: _("taken over by another connection"),
    Close.DROPPED: _("dropped by staff"),
    Close.NOT_READING: _("what the portal sent was not read"),
}
"""Why a connection was closed by the portal."""

_OTHER_CLOSES: Mapping[str, Text] = {
    "1001": _("the game server went away"),
    "1005": _("by the game server, which gave no reason"),
    "1006": _("lost: nobody said good-bye"),
    "1011": _("a fault in the portal"),
    "other": _("by the game server, for a reason of its own"),
}
"""The codes that the gateway counts besides; the first three are of RFC 6455, section 7.4.1."""

ENDS: Mapping[str, tuple[Text, Text]] = {
    ENDED_DISCONNECTED: (_("over"), _("The game's server said that it is over.")),
    ENDED_ABANDONED: (_("abandoned"), _("Its server did not come back within 10 minutes.")),
    ENDED_DROPPED: (_("dropped"), _("A member of staff dropped it.")),
}
"""Why a session ended: in a word, and in a sentence."""


def refusal_name(code: str) -> str:
    """Return what was wrong in a few words; the code itself where a later version stored one that is not known here."""
    return str(_refusal(code)[0])


def refusal_advice(code: str) -> str:
    """Return what is to be done about a refusal, and by whom; nothing for a code that is not known here."""
    return str(_refusal(code)[1])


def _refusal(code: str) -> tuple[Text, Text]:
    return REFUSALS[Code(code)] if code in set(Code) else _OTHER_REFUSALS.get(code, (code, ""))


def close_name(code: str) -> str:
    """Return why connections with this close code were closed; the code itself where it is not known here."""
    known = code.isdigit() and int(code) in set(Close)
    return str(CLOSES[Close(int(code))] if known else _OTHER_CLOSES.get(code, code))


def end_words(code: str) -> tuple[str, str]:
    """Return why a session ended, in a word and in a sentence."""
    word, sentence = ENDS.get(code, (code, ""))
    return str(word), str(sentence)
