"""What is told of a game event that never happened in a recording: what was found where it looks, and how to mend it (G4)."""

from __future__ import annotations

from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from campaigns.game_state.trials import Tried
from campaigns.rules.game_state.looking import MOST_NAMES, Advice, Kind, advice, kind_of

_KINDS = {
    Kind.TEXT: _("a text"),
    Kind.NUMBER: _("a number"),
    Kind.BOOLEAN: _("true or false"),
    Kind.LIST: _("a list"),
    Kind.OBJECT: _("an object"),
    Kind.NULL: _("null"),
}

_ADVICE = {
    Advice.NO_LIST: _("“list gets” needs a list there. Choose another condition, or the path of a list."),
    Advice.NO_NUMBER: _("“rises above” needs a number there. Choose another condition, or the path of a number."),
    Advice.IS_LIST: _(
        "A single value never equals a list or an object. “list gets” looks for a member of a list; [*] at the end of the "
        "path looks at each of them."
    ),
    Advice.FROM_THE_START: _(
        "The value was there, but from the first message on: only “is” counts what is so from the start."
    ),
    Advice.OTHER_VALUES: _("It never was the value of the rule. Check how the game writes it: capital letters count."),
}


def never_told(tried: Tried) -> list[str]:
    """Return, in sentences, what was found instead, and what to change."""
    why, looked, rule = advice(tried.rule, tried.looked), tried.looked, tried.rule
    if why is Advice.NOWHERE:
        return _nowhere(tried)
    told = [_found(tried)]
    if why is Advice.NOT_ABOVE:
        told.append(
            _t("The highest number was %(highest)s, from the first message on or never above %(value)s.")
            % {"highest": looked.highest, "value": rule.value}
        )
    elif why is Advice.OTHER_KIND:
        told.append(
            _t("The value of the rule is %(kind)s. Quotes make a text of it; without quotes 10 is a number.")
            % {"kind": _KINDS[kind_of(rule.value)]}
        )
    else:
        told.append(str(_ADVICE[why]))
    return told


def _found(tried: Tried) -> str:
    looked = tried.looked
    kinds = ", ".join(
        ngettext("%(kind)s after %(n)s message", "%(kind)s after %(n)s messages", count)
        % {"kind": _KINDS[kind], "n": f"{count:,}"}
        for kind, count in looked.kinds.most_common()
    )
    return _t("Found at %(path)s: %(kinds)s; for example %(examples)s.") % {
        "path": tried.rule.path,
        "kinds": kinds,
        "examples": ", ".join(looked.examples),
    }


def _nowhere(tried: Tried) -> list[str]:
    looked = tried.looked
    told = [_t("Nothing was ever found at %(path)s.") % {"path": tried.rule.path}]
    if looked.names:
        names = ", ".join(looked.names)
        more = " …" if len(looked.names) == MOST_NAMES else ""
        told.append(
            _t("At the end of the recording these names are at %(deepest)s: %(names)s.")
            % {"deepest": looked.deepest, "names": names + more}
        )
    else:
        told.append(
            _t("At the end of the recording there is something at %(deepest)s, but it has no names.")
            % {"deepest": looked.deepest}
        )
    told.append(_t("Mend the path: each name must be written as the game writes it."))
    return told
