"""Importing a list of channels: taken, looked up while one watches, reported, and applied as shown (C7)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from campaigns.admin.channel_list.listing import address, context_of, may_change
from campaigns.admin.channel_list.paging import Choice, address_with, asked_for, paged, searched
from campaigns.admin.channel_list.words import DEEDS, said_of, waits_for, why_not_asked
from campaigns.channel_lists.applying import apply_import, difference_of, state_of_list
from campaigns.channel_lists.importing import (
    ListRefused,
    ask_no_more,
    begin_import,
    drop_import,
    outcome_of,
    read_list,
)
from campaigns.channels import ListLocked
from campaigns.models import Campaign, ChannelImport
from campaigns.rules.channel_outcomes import Deed, Difference, Outcome, Result, Who
from portal import platforms
from portal.csv_files import csv_response
from portal.live import live_address, live_part, wants_live_part
from portal.next_page import carried

LARGEST_FILE = 2 * 1024 * 1024
State = ChannelImport.State


class ChannelListForm(forms.Form):
    """What was pasted or uploaded, for which platform, and what to do with it."""

    platform = forms.ChoiceField(label=_("Platform"), widget=UnfoldAdminSelectWidget)
    deed = forms.ChoiceField(
        label=_("What to do"),
        choices=[(deed.value, label) for deed, label in DEEDS.items()],
        widget=UnfoldAdminSelectWidget,
    )
    text = forms.CharField(
        label=_("Channels"),
        required=False,
        strip=False,
        max_length=LARGEST_FILE,
        help_text=_(
            "One a line: a login, an id, the channel's address, or CSV with id, login and name. At most 20,000 lines."
        ),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        help_text=_("UTF-8, at most 2 MiB. An export of this page can be imported again."),
        widget=UnfoldAdminFileFieldWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines: list[Any] = []
        self.fields["platform"].choices = platforms.choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the file into the text, and refuse what is no list."""
        cleaned = super().clean() or self.cleaned_data
        upload = cleaned.get("file")
        text = self._read(upload) if upload else cleaned.get("text") or ""
        if not self.errors:
            try:
                self.lines = read_list(text, platform=cleaned["platform"])
            except ListRefused as refused:
                self.add_error("file" if upload else "text", ValidationError(str(refused.sentence), code="list"))
        return cleaned

    def _read(self, upload: Any) -> str:
        if upload.size > LARGEST_FILE:
            self.add_error("file", ValidationError(_("The file is larger than 2 MiB."), code="too_large"))
            return ""
        try:
            return upload.read().decode("utf-8-sig")
        except UnicodeDecodeError:
            self.add_error("file", ValidationError(_("The file is not UTF-8 text. Save it as CSV UTF-8."), code="text"))
            return ""


class ReasonForm(forms.Form):
    """Why the list is changed, and which list was seen."""

    seen = forms.CharField(widget=forms.HiddenInput)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("Kept with the version and in the campaign's history. Viewers do not see it."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, campaign: Campaign, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if campaign.status == Campaign.Status.DRAFT:
            self.fields["reason"].required = False  # which the field itself says


@require_http_methods(["GET", "HEAD", "POST"])
def import_view(request: HttpRequest, campaign: Campaign) -> HttpResponseBase:
    """Take a list and have it looked up."""
    if not may_change(request, campaign):
        raise PermissionDenied
    form = ChannelListForm(request.POST or None, request.FILES or None, initial={"platform": _likely(campaign)})
    if request.method == "POST" and form.is_valid():
        made = begin_import(
            campaign=campaign,
            platform=form.cleaned_data["platform"],
            deed=Deed(form.cleaned_data["deed"]),
            lines=form.lines,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
        return HttpResponseRedirect(carried(request, address(campaign, "channel_report", made.pk)))
    title = _t("Import channels into %(name)s") % {"name": campaign.name}
    return TemplateResponse(
        request, "admin/campaigns/channel_import.html", context_of(request, campaign, title, form=form)
    )


def _likely(campaign: Campaign) -> str | None:
    """Return the platform of the list before, which a mended one comes after; at first the campaign's first."""
    lists = campaign.channel_imports.exclude(platform="").order_by("-pk")
    rows = (lists, campaign.platforms.order_by("pk"))
    return next((found for each in rows if (found := each.values_list("platform", flat=True).first())), None)


@require_http_methods(["GET", "HEAD", "POST"])
def report_view(request: HttpRequest, campaign: Campaign, import_id: str) -> HttpResponseBase:
    """Show how far a list is, then what was found and what it would change; POST applies, drops, or stops asking."""
    one = _import(campaign, import_id)
    if request.method == "POST":
        answer = _deed(request, campaign, one)
        if answer is not None:
            return answer
        one = _import(campaign, import_id)
    title = _t("List of channels for %(name)s") % {"name": campaign.name}
    context = context_of(request, campaign, title, one=one, deed_name=DEEDS[Deed(one.deed)])
    context["platform_name"] = platforms.get(one.platform).name if one.platform else ""
    if one.state == State.RESOLVING or wants_live_part(request):
        return _progress(request, one, context)
    context |= _report(request, campaign, one)
    return TemplateResponse(request, "admin/campaigns/channel_report.html", context)


def _import(campaign: Campaign, import_id: str) -> ChannelImport:
    one = campaign.channel_imports.defer("lines", "outcome").filter(pk=import_id).first()
    if one is None:
        raise Http404
    one.campaign = campaign
    return one


def _progress(request: HttpRequest, one: ChannelImport, context: dict[str, Any]) -> HttpResponse:
    happened, advice = waits_for(one)
    context |= {"happened": happened, "advice": advice, "live_from": live_address(request)}
    context["here"] = carried(request, request.path)
    if wants_live_part(request):
        return live_part(request, "admin/campaigns/channel_course.html", context)
    return TemplateResponse(request, "admin/campaigns/channel_progress.html", context)


def _deed(request: HttpRequest, campaign: Campaign, one: ChannelImport) -> HttpResponse | None:
    """Do what was pressed; None where the page is to be shown again."""
    if not may_change(request, campaign):
        raise PermissionDenied
    now = timezone.now()
    if "drop" in request.POST:
        if drop_import(import_id=one.pk, now=now):
            messages.success(request, _t("The list was dropped. Nothing was changed."))
        return HttpResponseRedirect(carried(request, address(campaign, "channels")))
    if "known" in request.POST:
        ask_no_more(import_id=one.pk, now=now)
        return HttpResponseRedirect(carried(request, request.path))
    form = ReasonForm(request.POST, campaign=campaign)
    if not form.is_valid():
        request._reason_form = form  # type: ignore[attr-defined]
        return None
    try:
        version = apply_import(
            import_id=one.pk,
            seen=form.cleaned_data["seen"],
            reason=form.cleaned_data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            now=now,
        )
    except ListLocked as refused:
        messages.error(request, str(refused))
        request._given_reason = form.cleaned_data["reason"]  # type: ignore[attr-defined]
        return None
    if version is None:
        messages.info(request, _t("Nothing was to be changed: the list is as it was."))
    else:
        added = ngettext("%s channel was added", "%s channels were added", version.added_count)
        removed = ngettext("%s was taken off", "%s were taken off", version.removed_count)
        made = _t("This is version %(number)s of the list.") % {"number": version.number}
        counted = f"{added % f'{version.added_count:,}'}, {removed % f'{version.removed_count:,}'}"
        messages.success(request, f"{counted}. {made}")
    return HttpResponseRedirect(carried(request, address(campaign, "channels")))


@dataclass(frozen=True, slots=True)
class Row:
    """A line of one of the report's tables; ``line`` is 0 where it is about a channel and no line."""

    line: int
    written: str
    channel_id: str
    login: str
    name: str
    platform: str
    said: str = ""

    def __str__(self) -> str:
        return f"{self.written} {self.channel_id} {self.login} {self.name}"


def _report(request: HttpRequest, campaign: Campaign, one: ChannelImport) -> dict[str, Any]:
    outcome = outcome_of(one)
    # The mark first: what changes between the two makes the next press say so, rather than pass unseen.
    mark = state_of_list(campaign)
    change = difference_of(one, outcome)
    tables = _tables(one, outcome, change)
    show = request.GET.get("show", "")
    if show not in tables:
        show = next((key for key, (_label, count, _rows) in tables.items() if count), next(iter(tables)))
    rows = searched(request, tables[show][2](), str)
    choices = [
        Choice(key, str(label), count, address_with(request, show=key, q="", page=""), key == show)
        for key, (label, count, _rows) in tables.items()
    ]
    form = getattr(request, "_reason_form", None)
    given = getattr(request, "_given_reason", "")
    return {
        "choices": choices,
        "chosen": next(choice for choice in choices if choice.chosen),
        "with_lines": show in ("duplicates", "unknown", "notes"),
        "change": change,
        "not_asked": why_not_asked(one),
        "unknown_address": address(campaign, "channel_unknown", one.pk) if one.unknown_count else "",
        "version_address": address(campaign, "channel_version", one.version) if one.version else "",
        "can_apply": one.state == State.READY,
        "form": form or ReasonForm(initial={"seen": mark, "reason": given}, campaign=campaign),
        "q": asked_for(request),
        **paged(request, rows),
    }


_Table = tuple[Any, int, Callable[[], Sequence[Row]]]


def _tables(one: ChannelImport, outcome: Sequence[Outcome], change: Difference) -> Mapping[str, _Table]:
    """Return the report's lists: label, length, and what makes the rows, for the one that is shown."""
    unknown = [row for row in outcome if row.result is Result.UNKNOWN]
    repeats = [row for row in outcome if row.result is Result.DUPLICATE]
    notes = [row for row in outcome if row.result is Result.FOUND and row.code]
    tables: dict[str, _Table] = {}
    if one.state == State.READY:
        tables |= {
            "added": (_("Added"), len(change.added), lambda: _channels(change.added)),
            "removed": (_("Taken off"), len(change.removed), lambda: _channels(change.removed)),
            "unchanged": (_("Unchanged"), len(change.unchanged), lambda: _channels(change.unchanged)),
        }
        if change.already:
            tables["already"] = (_("On the list already"), len(change.already), lambda: _channels(change.already))
        if change.absent:
            tables["absent"] = (_("Not on the list"), len(change.absent), lambda: _channels(change.absent))
    tables |= {
        "unknown": (_("Not found"), len(unknown), lambda: [_line(row) for row in unknown]),
        "duplicates": (_("Duplicates"), len(repeats), lambda: [_line(row) for row in repeats]),
        "notes": (_("Worth a look"), len(notes), lambda: [_line(row) for row in notes]),
    }
    return tables


def _channels(channels: Mapping[tuple[str, str], Who]) -> list[Row]:
    return [
        Row(0, "", who.id, who.login, who.name, platforms.get(platform).name)
        for (platform, _id), who in channels.items()
    ]


def _line(row: Outcome) -> Row:
    if row.result is Result.DUPLICATE:
        said = _t("The same channel as in line %(line)s.") % {"line": row.about}
    else:
        said = said_of(row)
    name = platforms.get(row.platform).name if row.platform else ""
    return Row(row.number, row.written, row.channel_id, row.login, row.name, name, said)


@require_safe
def unknown_view(request: HttpRequest, campaign: Campaign, import_id: str) -> HttpResponseBase:
    """Send the lines that were not found as CSV, to be mended and imported again."""
    one = _import(campaign, import_id)
    return csv_response(_unknown(outcome_of(one)), name=f"not-found-{one.pk}")


def _unknown(outcome: Sequence[Outcome]) -> Iterator[tuple[str | int, ...]]:
    yield "line", "id", "login", "name", "why"
    for row in outcome:
        if row.result is Result.UNKNOWN:
            login = row.login or ("" if row.channel_id else row.written)
            yield row.number, row.channel_id, login, row.name, said_of(row)
