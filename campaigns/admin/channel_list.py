"""Pasting a list of channels: first what would change is shown, then it is done (C7)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget

from campaigns.channels import (
    LONGEST_LIST,
    ChannelPlan,
    Deed,
    ListLocked,
    apply_plan,
    parse_channels,
    plan_channels,
)
from portal import platforms

if TYPE_CHECKING:
    from campaigns.admin.campaigns import CampaignAdmin

LARGEST_FILE = 2 * 1024 * 1024


class ChannelListForm(forms.Form):
    """What was pasted or uploaded, for which platform, and what to do with it."""

    platform = forms.ChoiceField(label=_("Platform"), widget=UnfoldAdminSelectWidget)
    deed = forms.ChoiceField(
        label=_("What to do"),
        choices=[
            (Deed.ADD.value, _("add these channels to the list")),
            (Deed.REMOVE.value, _("take these channels off the list")),
            (Deed.REPLACE.value, _("make this the whole list of the platform")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    text = forms.CharField(
        label=_("Channels"),
        required=False,
        strip=False,
        max_length=LARGEST_FILE,
        help_text=_("One a line: an id, a login that is known here, or CSV with id, login and name."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12, "spellcheck": "false"}),
    )
    file = forms.FileField(
        label=_("Or a CSV file"),
        required=False,
        help_text=_("UTF-8, at most 2 MiB."),
        widget=UnfoldAdminFileFieldWidget,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["platform"].choices = platforms.choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Read the file into the text, and refuse what is no list."""
        cleaned = super().clean() or self.cleaned_data
        upload = cleaned.get("file")
        if upload:
            cleaned["text"] = self._read(upload)
        text = cleaned.get("text") or ""
        if not self.errors:
            count = len(parse_channels(text))
            if not count:
                self.add_error(
                    "text", ValidationError(_("Paste at least one channel, or choose a file."), code="empty")
                )
            elif count > LONGEST_LIST:
                self.add_error(
                    "text",
                    ValidationError(
                        _("These are %(count)s lines; at most %(most)s can be taken at once."),
                        code="too_long",
                        params={"count": count, "most": LONGEST_LIST},
                    ),
                )
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


def channel_list_view(model_admin: CampaignAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Take a list, show what it would change, and on the second POST carry it out."""
    campaign = model_admin.get_object(request, object_id)
    if campaign is None:
        raise Http404
    if not model_admin.has_change_permission(request, campaign):
        raise PermissionDenied
    back = reverse("admin:campaigns_campaign_change", args=[campaign.pk]) + "#channels"
    form = ChannelListForm(request.POST or None, request.FILES or None, initial=_initial(campaign))
    plan = None
    if request.method == "POST" and form.is_valid():
        chosen = {
            "platform": form.cleaned_data["platform"],
            "deed": Deed(form.cleaned_data["deed"]),
            "text": form.cleaned_data["text"],
        }
        if "confirmed" in request.POST and _apply(request, campaign, chosen):
            return HttpResponseRedirect(back)
        plan = plan_channels(campaign=campaign, **chosen)
        form = ChannelListForm({**chosen, "deed": chosen["deed"].value}) if form.cleaned_data.get("file") else form
    context = {
        **model_admin.admin_site.each_context(request),
        "title": _t("Channels of %(name)s") % {"name": campaign.name},
        "campaign": campaign,
        "form": form,
        "plan": plan,
        "opts": model_admin.opts,
        "back": back,
    }
    return TemplateResponse(request, "admin/campaigns/channel_list.html", context)


def _initial(campaign: Any) -> dict[str, str]:
    first = campaign.platforms.order_by("pk").first()
    return {"platform": first.platform} if first else {}


def _apply(request: HttpRequest, campaign: Any, chosen: dict[str, Any]) -> bool:
    try:
        plan: ChannelPlan = apply_plan(
            campaign_id=campaign.pk,
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            **chosen,
        )
    except ListLocked as error:
        messages.error(request, str(error))
        return False
    added, removed = len(plan.to_add), len(plan.to_remove)
    parts = [
        ngettext("%d channel was added", "%d channels were added", added) % added,
        ngettext("%d was taken off", "%d were taken off", removed) % removed,
    ]
    messages.success(request, ", ".join(parts) + ".")
    return True
