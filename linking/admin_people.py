"""Players and links, to be read; staff may end a link on a player's request (L8, S1)."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextareaWidget

from campaigns.models import Game
from linking.authorizing.checking import CannotAsk, check_now
from linking.authorizing.shown import answer_text, is_lapsed, staff_text
from linking.links import end_link
from linking.models import Link, Player, ViewerAuthorization
from linking.rules.authorizing import Verdict
from portal import audit, platforms
from portal.admin_base import ReadOnlyAdmin, display, in_reach
from portal.admin_filters import DropdownFilter, PlatformFilter, ScopedRelatedFilter
from portal.calling import problem_of
from portal.models import PlatformCredential
from portal.names import named
from portal.newest import NewestAdmin, NewestPaginator
from portal.organizations import active_organization, may
from portal.platforms.calls import PlatformError
from portal.platforms.problems import explain
from portal.roles import Permission, mask


class UnlinkForm(forms.Form):
    """Why a link is ended."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        help_text=_("For example the number of the player's ticket. Kept in the history."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
    )


class ActiveFilter(DropdownFilter):
    """Whether a link is active."""

    title = _("state")
    parameter_name = "active"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choices."""
        return [("yes", _t("active")), ("no", _t("ended"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the links in the chosen state."""
        value = self.value()
        return queryset.filter(ended_at__isnull=value == "yes") if value in ("yes", "no") else queryset


class AuthorizationFilter(DropdownFilter):
    """Whether a link's authorization seems to have lapsed."""

    title = _("authorization")
    parameter_name = "authorization"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the choice."""
        return [("lapsed", _t("authorization lapsed"))]

    def queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> models.QuerySet[Any]:
        """Keep the active links whose viewer the platform did not name."""
        if self.value() != "lapsed":
            return queryset
        # Those first, of which there are few, and their links by them.
        lapsed = ViewerAuthorization.objects.filter(
            credential__in=PlatformCredential.objects.filter(organization=active_organization(request)),
            missing_since__isnull=False,
        )
        return queryset.filter(ended_at=None, viewer__in=lapsed.values("viewer"))


class _People(ReadOnlyAdmin):
    """Rows that name people: analysts see them masked, and cannot find out by searching what is masked for them."""

    view_permission = Permission.SEE_PEOPLE_MASKED
    sortable_by = ()

    def get_search_fields(self, request: HttpRequest) -> tuple[str, ...]:
        """Offer no search to analysts."""
        return tuple(super().get_search_fields(request)) if may(request, Permission.SEE_PEOPLE) else ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Show the list; its columns need to know who looks."""
        response = super().changelist_view(request, extra_context)
        changelist = getattr(response, "context_data", None) and response.context_data.get("cl")
        for row in getattr(changelist, "result_list", None) or ():
            self.hide(request, row)
        return response

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the row; for analysts with masked identifiers, never to be saved."""
        row = super().get_object(request, object_id, from_field)
        if row is not None:
            self.hide(request, row)
        return row

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the history to those who may see identifiers."""
        if not may(request, Permission.SEE_PEOPLE):
            raise Http404
        return super().history_view(request, object_id, extra_context)

    def hide(self, request: HttpRequest, row: Any) -> None:
        """Mask what a row shows of people, for those who may not see it."""
        raise AssertionError("Each list says what it hides.")


@admin.register(Player)
class PlayerAdmin(_People):
    """Game accounts."""

    menu_icon = "sports_esports"
    menu_order = 10
    list_display = ("player_id", "name", "game", "has_account", "created_at")
    list_filter = (("game", ScopedRelatedFilter),)
    list_select_related = ("game",)
    search_fields = ("=player_id", "=name")
    ordering = ("-pk",)
    fields = ("game", "player_id", "name", "has_account", "created_at")
    change_form_outer_before_template = "admin/linking/person_hint.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and whether there is an account."""
        return [*super().get_readonly_fields(request, obj), "has_account"]

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by the exact id or the whole name, each through its index."""
        term = search_term.strip()
        if not term or not may(request, Permission.SEE_PEOPLE):
            return queryset, False
        found = [*Player.objects.filter(player_id=term).values_list("pk", flat=True)[:1000]]
        found += Player.objects.filter(named(term)).values_list("pk", flat=True)[:1000]
        return queryset.filter(pk__in=found), False

    def hide(self, request: HttpRequest, row: Player) -> None:
        """Mask id and name."""
        row.may_erase = may(request, Permission.BULK)  # type: ignore[attr-defined]
        if not may(request, Permission.SEE_PEOPLE):
            row.player_id, row.name = mask(row.player_id), mask(row.name)

    @display(description=_("portal account"), boolean=True)
    def has_account(self, player: Player) -> bool:
        """Whether a portal account belongs to it."""
        return player.user_id is not None


def _games(request: HttpRequest) -> models.QuerySet[Any, str]:
    return in_reach(Game.objects.all(), request).values_list("pk", flat=True)


@admin.register(Link)
class LinkAdmin(_People, NewestAdmin):
    """Which viewer is, or was, which player."""

    menu_icon = "link"
    menu_order = 20
    list_display = ("viewer_shown", "platform_name", "player_shown", "game", "started_at", "state")
    list_filter = (ActiveFilter, AuthorizationFilter, PlatformFilter, ("game", ScopedRelatedFilter))
    list_select_related = ("game", "viewer__authorization", "player")
    search_fields = ("=id", "=player__player_id", "=viewer__platform_user_id", "=viewer__login")
    ordering = ("-started_at", "-pk")
    fields = (
        *("game", "viewer_shown", "platform_name", "player_shown", "scopes"),
        *("authorization", "started_at", "ended_at", "end_reason"),
    )
    change_form_outer_before_template = "admin/linking/link_deeds.html"

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        """Name every field, and what is shown in other words."""
        shown = ["viewer_shown", "platform_name", "player_shown", "authorization"]
        return [*super().get_readonly_fields(request, obj), *shown]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        """Return the organization's links with both sides; by their games' ids, by which indexes find them."""
        rows = Link.objects.filter(game__in=list(_games(request)))
        return rows.select_related("game__organization", "viewer__authorization", "player")

    def get_paginator(self, request: HttpRequest, queryset: Any, per_page: int, *args: Any, **kwargs: Any) -> Any:
        """Merge the links of the games, each game's by its index; what is few has an index that finds it."""
        if request.GET.get("q") or request.GET.get(AuthorizationFilter.parameter_name):
            return super().get_paginator(request, queryset, per_page, *args, **kwargs)
        paginator = NewestPaginator(queryset, per_page, *args, **kwargs)
        paginator.by = "started_at"
        paginator.shown = self.get_queryset(request)
        platform = request.GET.get(PlatformFilter.parameter_name)
        on_platform = {"platform": platform} if platform else {}
        chosen = request.GET.get("game__id__exact")
        paginator.parts = [{"game": game, **on_platform} for game in _games(request) if not chosen or game == chosen]
        return paginator

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Find by exact ids, each through its index."""
        term = search_term.strip()
        if not term or not may(request, Permission.SEE_PEOPLE):
            return queryset, False
        mine = {"viewer__organization": active_organization(request)}
        viewer = {**mine, "viewer__platform__in": list(platforms.registry)}
        ways = (
            {"pk": term.upper()},
            {"player__player_id": term},
            {"viewer__platform_user_id": term, **viewer},
            {**mine, "viewer__login__in": [term, term.lower()]},
        )
        found: list[str] = []
        for way in ways:
            found += queryset.filter(**way).values_list("pk", flat=True)[:1000]
        return queryset.filter(pk__in=found), False

    def hide(self, request: HttpRequest, row: Link) -> None:
        """Mask the names of both sides."""
        may_see = may(request, Permission.SEE_PEOPLE)
        row.shown = tuple(str(s) if may_see else mask(str(s)) for s in (row.viewer, row.player))  # type: ignore[attr-defined]
        row.may_unlink = row.ended_at is None and may(request, Permission.MEND)  # type: ignore[attr-defined]
        row.may_check = row.may_unlink and platforms.get(row.platform).authorizations is not None  # type: ignore[attr-defined]
        if not may_see:
            row.viewer.name, row.player.name = row.shown  # type: ignore[attr-defined]

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """Title the page without naming anybody who is masked."""
        link = context.get("original")
        if link is not None:
            context["subtitle"] = " → ".join(link.shown)
        return super().render_change_form(request, context, *args, **kwargs)

    @display(description=_("viewer"))
    def viewer_shown(self, link: Link) -> str:
        """The platform account."""
        return str(getattr(link, "shown", ("–", "–"))[0])

    @display(description=_("player"))
    def player_shown(self, link: Link) -> str:
        """The game account."""
        return str(getattr(link, "shown", ("–", "–"))[1])

    @display(description=_("platform"))
    def platform_name(self, link: Link) -> str:
        """The platform by its name."""
        return platforms.get(link.platform).name

    @display(description=_("state"))
    def state(self, link: Link) -> SafeString:
        """Active, or why it ended."""
        if is_lapsed(link):
            return _chip("link_off", _t("authorization lapsed"), "drops-chip-attention")
        if link.ended_at is None:
            return _chip("link", _t("active"), "drops-chip-ok")
        return _chip("link_off", link.get_end_reason_display(), "")

    @display(description=_("authorization"))
    def authorization(self, link: Link) -> str:
        """Whether the platform still names the viewer, and when it was last asked."""
        return staff_text(link)

    def get_urls(self) -> list[URLPattern]:
        """Add the page on which a link is ended, and what asks the platform about its viewer."""
        unlink, check = (self.admin_site.admin_view(view) for view in (self.unlink_view, self.check_view))
        return [
            path("<path:object_id>/unlink/", unlink, name="linking_link_unlink"),
            path("<path:object_id>/check/", check, name="linking_link_check"),
            *super().get_urls(),
        ]

    def _to_mend(self, request: HttpRequest, object_id: str) -> Link:
        """Return a link to be changed: unknown to strangers, refused to whom the role does not allow it."""
        link: Link | None = self.get_queryset(request).filter(pk=object_id).first()
        if link is None:
            raise Http404
        if not may(request, Permission.MEND):
            raise PermissionDenied
        return link

    def check_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask the platform now whether the link's viewer still authorizes the app, and go back to where that was asked."""
        link = self._to_mend(request, object_id)
        if request.method == "POST":
            tell_check(request, link)
        following = request.POST.get("next", "")
        if not (url_has_allowed_host_and_scheme(following, allowed_hosts=None) and following.startswith("/")):
            following = reverse("admin:linking_link_change", args=[link.pk])
        return HttpResponseRedirect(following)

    def unlink_view(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Ask for the reason, then end the link."""
        link = self._to_mend(request, object_id)
        back = reverse("admin:linking_link_change", args=[link.pk])
        form = UnlinkForm(request.POST if request.method == "POST" else None)
        if request.method == "POST" and form.is_valid():
            if unlink_on_request(link=link, request=request, reason=form.cleaned_data["reason"]):
                messages.success(
                    request, _t("The link is ended. The player can link again; what waits for a link waits on.")
                )
            else:
                messages.warning(request, _t("Nothing was changed: this link had ended already."))
            return HttpResponseRedirect(back)
        context = {
            **self.admin_site.each_context(request),
            "title": _t("Unlink on request"),
            "link": link,
            "platform": platforms.get(link.platform).name,
            "form": form,
            "back": back,
            "opts": self.opts,
        }
        return TemplateResponse(request, "admin/linking/unlink.html", context)


def tell_check(request: HttpRequest, link: Link) -> None:
    """Ask for the link's viewer, and tell what came of it in a message."""
    try:
        verdict = check_now(viewer=link.viewer, actor=request.user, now=timezone.now())  # type: ignore[arg-type]
    except CannotAsk as refusal:
        messages.error(request, str(refusal.sentence))
    except PlatformError as error:
        happened, advice = explain(problem_of(error))
        text = _t("Nothing was found out and nothing was changed. %(happened)s %(advice)s")
        messages.error(request, text % {"happened": happened, "advice": advice})
    else:
        tell = messages.success if verdict == Verdict.AUTHORIZED else messages.warning
        tell(request, answer_text(verdict, platform=link.platform))


def unlink_on_request(*, link: Link, request: HttpRequest, reason: str) -> bool:
    """End a link for a player who asked staff for it, with the reason in the audit trail (L8, S5).

    Returns False, and writes nothing down, if it had ended already.
    """
    now = timezone.now()
    with transaction.atomic():
        if not Link.objects.select_for_update(of=("self",)).filter(pk=link.pk, ended_at=None).exists():
            return False
        end_link(link=link, reason=Link.EndReason.STAFF, now=now, actor=request.user)  # type: ignore[arg-type]
        audit.record(
            actor=request.user,  # type: ignore[arg-type]
            action="unlinked on request",
            obj=link,
            organization=link.game.organization,
            reason=reason,
            now=now,
        )
    return True


def _chip(icon: str, text: str, style: str) -> SafeString:
    return format_html(
        '<span class="drops-chip drops-chip-icon {}"><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        style,
        icon,
        text,
    )
