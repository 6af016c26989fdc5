"""Recorded sessions: to be found, named, removed, and played once more (G)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget

from campaigns.admin.game_state import MENU_GROUP
from campaigns.admin.game_state.replay_page import replay_page
from campaigns.admin.game_state.words import sees_state, session_name
from campaigns.game_state.recorded import remove_recording, rename_recording
from campaigns.models import GameRecording
from portal.admin_base import ReadOnlyAdmin, display
from portal.admin_filters import ScopedRelatedFilter
from portal.admin_words import chip, utc
from portal.organizations import may
from portal.roles import Permission


class NameForm(forms.Form):
    """What a recording is called."""

    name = forms.CharField(
        label=_("Name"),
        max_length=100,
        required=False,
        help_text=_("For your own orientation, for example: Boss fight with two streamers. Empty: the session's id."),
        widget=UnfoldAdminTextInputWidget,
    )


@admin.register(GameRecording)
class GameRecordingAdmin(ReadOnlyAdmin):
    """The recordings of the organization's games, newest first."""

    menu_icon = "voicemail"
    menu_order = 52
    menu_group = MENU_GROUP
    view_permission = Permission.SEE_CAMPAIGNS
    list_display = ("recording", "session_shown", "game", "messages_kept", "bytes_kept", "room")
    list_display_links = ("recording",)
    list_filter = (("game", ScopedRelatedFilter),)
    list_before_template = "admin/campaigns/game_state/recordings_header.html"
    ordering = ("-id",)
    sortable_by = ()

    def get_urls(self) -> list[URLPattern]:
        """Add naming."""
        rename = self.admin_site.admin_view(self.rename_view)
        return [
            path("<str:object_id>/rename/", rename, name="campaigns_gamerecording_rename"),
            *super().get_urls(),
        ]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's recordings without states."""
        rows = super().get_queryset(request).select_related("session__organization", "game")
        return rows.defer("session__state", "game__art", "game__logo")

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list; its columns need to know who looks."""
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        if changelist is not None:
            for row in changelist.result_list:
                row.sees = sees_state(request)
        return response

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Play it, message by message."""
        return replay_page(self, request, self.mine(request, object_id))

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show who named it, to those who may see its session's id."""
        if not sees_state(request):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def rename_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the name, and keep it."""
        recording = self._to_change(request, object_id)
        form = NameForm(request.POST if request.method == "POST" else None, initial={"name": recording.name})
        if request.method == "POST" and form.is_valid():
            name = form.cleaned_data["name"]
            rename_recording(recording=recording, name=name, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            messages.success(request, _t("The name is kept."))
            return HttpResponseRedirect(self._page(recording))
        return self._ask(
            request,
            title=_t("Name the recording %(name)s") % {"name": recording},
            texts=[],
            form=form,
            button=_t("Keep this name"),
            back=self._page(recording),
        )

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Ask, and remove it with its messages."""
        recording = self._to_change(request, object_id)
        if request.method == "POST":
            remove_recording(recording=recording, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
            messages.success(request, _t("The recording is deleted."))
            return HttpResponseRedirect(reverse("admin:campaigns_gamerecording_changelist"))
        return self._ask(
            request,
            title=_t("Delete the recording %(name)s") % {"name": recording},
            texts=[
                _t("Its %(count)s messages are deleted with it and cannot be brought back.")
                % {"count": f"{recording.messages:,}"},
                _t("The session itself, its game events and what was earned by them stay."),
            ],
            button=_t("Delete"),
            style="drops-button-danger",
            back=self._page(recording),
        )

    def mine(self, request: HttpRequest, object_id: str) -> GameRecording:
        """Return the recording. Raises ``Http404`` for another organization's."""
        recording: GameRecording | None = self.get_object(request, object_id)
        if recording is None or not self.has_view_permission(request, recording):
            raise Http404
        return recording

    def _to_change(self, request: HttpRequest, object_id: str) -> GameRecording:
        recording = self.mine(request, object_id)
        if not may(request, Permission.EDIT_CAMPAIGNS):
            raise PermissionDenied
        return recording

    def _page(self, recording: GameRecording) -> str:
        return reverse("admin:campaigns_gamerecording_change", args=[recording.pk])

    def _ask(self, request: HttpRequest, **shown: Any) -> HttpResponse:
        context = {**self.admin_site.each_context(request), "opts": self.opts, **shown}
        return TemplateResponse(request, "admin/confirm_deed.html", context)

    # Columns.

    @display(description=_("recording"))
    def recording(self, row: Any) -> SafeString:
        """Its name, or when it began."""
        return format_html(
            '<span class="drops-wide">{}<br><span class="drops-name-plain">{}</span></span>',
            row.name or session_name(row.session, sees=row.sees),
            utc(row.started_at),
        )

    @display(description=_("session"))
    def session_shown(self, row: Any) -> SafeString:
        """The session, with a link to its page."""
        page = reverse("admin:campaigns_gamesession_change", args=[row.session_id])
        return format_html('<a class="drops-link" href="{}">{}</a>', page, session_name(row.session, sees=row.sees))

    @display(description=_("messages"))
    def messages_kept(self, row: GameRecording) -> str:
        """How many messages it has."""
        return f"{row.messages:,}"

    @display(description=_("bytes"))
    def bytes_kept(self, row: GameRecording) -> str:
        """How large it is."""
        return f"{row.bytes:,}"

    @display(description=_("room"))
    def room(self, row: GameRecording) -> SafeString:
        """Whether it was full before the session was over."""
        if row.full_at is not None:
            return chip(_t("full: the rest is missing"), "warning", "drops-chip-attention")
        return chip(_t("has room"), "check")
