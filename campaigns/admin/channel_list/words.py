"""What is said of lines of a list, of their platform, and of versions, in words."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _

from campaigns.models import ChannelImport, ChannelListVersion
from campaigns.rules.channel_outcomes import Deed, Outcome
from portal import platforms
from portal.platforms.problems import explain

DEEDS: Mapping[Deed, str | Promise] = {
    Deed.ADD: _("add these channels to the list"),
    Deed.REMOVE: _("take these channels off the list"),
    Deed.REPLACE: _("make this the whole list of the platform"),
}

_CODES: Mapping[str, str | Promise] = {
    "not_there": _("%(platform)s knows no such channel: a slip, a name that was given up, or a suspended account."),
    "not_here": _("No channel with this login is known here. Write its id before it, like: 12345,login"),
    "other_platform": _("This is an address on %(about)s. Import it as a list of %(about)s."),
    "other_site": _("This is an address on %(about)s, not on %(platform)s."),
    "no_channel": _("No channel can be read from this."),
    "too_long": _("This is too long to be a channel: at most 200 characters."),
    "not_an_id": _("The id that stands here cannot be one of %(platform)s. %(hint)s"),
    "deleted": _("This channel was deleted here, or its broadcaster was erased."),
    "renamed": _("Renamed: it was %(about)s before."),
    "taken_over": _("Look twice: this login was the channel's with the id %(about)s before. Somebody else has it now."),
    "gone": _("%(platform)s does not find it any more; it is taken as it is known here."),
    "unchecked": _("Taken as it is written: nobody was asked whether it exists."),
}

_NOT_ASKED: Mapping[str, str | Promise] = {
    "no_directory": _("%(platform)s offers no way to look channels up."),
    "no_credential": _("Your organization has no platform credential for %(platform)s."),
    "disabled": _("The platform credential for %(platform)s is switched off."),
    "unreadable": _("The secrets of the platform credential for %(platform)s cannot be decrypted."),
    "chosen": _("Somebody chose not to wait for %(platform)s."),
}


def said_of(row: Outcome) -> str:
    """Return what is to be known of a line: why it is left out, or what is special about its channel."""
    told = _CODES.get(row.code)
    if told is None:
        return ""
    platform = platforms.get(row.platform) if row.platform else None
    about = {
        "platform": platform.name if platform else "",
        "hint": platform.id_hints.get("channel", "") if platform else "",
        "about": row.about,
    }
    return capfirst(str(told) % about)


def why_not_asked(one: ChannelImport) -> str:
    """Return why the platform was not asked, and what that means; empty where it was."""
    told = _NOT_ASKED.get(one.not_asked)
    if told is None:
        return ""
    meaning = _t("So ids were taken as they are written, and logins only where the portal knows them already.")
    # Not every platform has a name of its own that begins a sentence: "the studio's own player".
    return f"{capfirst(str(told) % {'platform': platforms.get(one.platform).name})} {meaning}"


def waits_for(one: ChannelImport) -> tuple[str, str]:
    """Return why a list waits and what to do, empty where it does not."""
    return explain(one.problem)


def made_by(version: ChannelListVersion) -> str:
    """Return what made a version."""
    if version.restores:
        return _t("version %(number)s restored") % {"number": version.restores}
    return str(ChannelListVersion.Source(version.source).label)
