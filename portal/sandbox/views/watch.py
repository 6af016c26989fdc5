"""A user watches a channel, and the portal is told by heartbeats: of the last minutes at once, or of each as it passes."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from portal.sandbox import watching
from portal.sandbox.catalogue import platform_label
from portal.sandbox.crowd import minute_of, moment_of
from portal.sandbox.forms import WatchForm
from portal.sandbox.models import Application, Platform, SentHeartbeat, WatchSession
from portal.sandbox.watching import NotReported

LISTED_HEARTBEATS = 50
#: So long after a minute's end a heartbeat that did not go out is one that nobody sends.
SILENT_FOR = timedelta(seconds=45)


@require_http_methods(["GET", "POST"])
def watch(request: HttpRequest) -> HttpResponse:
    """Choose who watches whom and for how long; below, who watches now and the heartbeats so far with their answers."""
    asked = request.POST.get("platform", "") if request.method == "POST" else ""
    sections = [_section(platform, request, asked) for platform in _platforms()]
    chosen = next((section["form"] for section in sections if section["platform"] == asked), None)
    if chosen is not None and chosen.is_valid():
        _do(request, chosen)
        kept = {name: chosen.data[name] for name in ("platform", *chosen.fields)}
        return redirect(f"{reverse('watch')}?{urlencode(kept)}#main")
    if request.method == "POST":
        messages.error(request, "Nothing was sent. Below is what needs mending.")
    now = timezone.now()
    heartbeats = SentHeartbeat.objects.select_related("channel").order_by("-sent_at", "-minute", "-pk")
    context = {
        "sections": sections,
        "sessions": [_session(session, now=now) for session in watching.sessions_to_tell(now=now)],
        "heartbeats": [_row(heartbeat) for heartbeat in heartbeats[:LISTED_HEARTBEATS]],
        "total": SentHeartbeat.objects.count(),
    }
    return render(request, "watch.html", context, status=400 if request.method == "POST" else 200)


def _platforms() -> list[str]:
    known = set(Application.objects.values_list("platform", flat=True))
    return [platform for platform in Platform.values if platform in known]


def _section(platform: str, request: HttpRequest, asked: str) -> dict[str, Any]:
    problem = ""
    try:
        watching.address_of(Application.objects.get(pk=platform))
    except NotReported as reason:
        problem = str(reason)
    return {
        "platform": platform,
        "label": platform_label(platform),
        "problem": problem,
        "form": WatchForm(
            request.POST if platform == asked else None,
            platform=platform,
            auto_id=f"{platform}-%s",
            # What was chosen the last time, to press again.
            initial=request.GET.dict() if request.GET.get("platform") == platform else {},
        ),
    }


def _do(request: HttpRequest, form: WatchForm) -> None:
    values = form.cleaned_data
    now = timezone.now()
    wanted = {name: values[name] for name in ("user", "channel", "minutes")} | {"game": values["game"].name}
    try:
        if values["how"] == WatchForm.LIVE:
            session = watching.start_watching(**wanted, now=now)
            messages.success(
                request,
                f"{session} from now on, until {session.until:%H:%M} UTC. Each minute is told when it is over.",
            )
        else:
            _say_what_came_back(request, watching.watch_past(**wanted, now=now), values["minutes"])
    except NotReported as reason:
        messages.error(request, f"Nothing was sent. {reason}")


def _say_what_came_back(request: HttpRequest, sent: list[SentHeartbeat], minutes: int) -> None:
    accepted = sum(heartbeat.accepted() for heartbeat in sent)
    if accepted == minutes:
        messages.success(request, f"{accepted} heartbeats were sent, one for each minute, and all were accepted.")
        return
    last = next(heartbeat for heartbeat in reversed(sent) if not heartbeat.accepted())
    why = f"The portal answered {last.status}: {last.answer[:200]}" if last.status else last.error
    messages.error(request, f"{accepted} of {minutes} heartbeats were accepted. {why}")


def _session(session: WatchSession, *, now: datetime) -> dict[str, Any]:
    told = session.told_minute - minute_of(session.started_at) + 1
    # A minute is told within seconds of its end.
    silent = session.told_minute < minute_of(now - SILENT_FOR) - 1
    return {"session": session, "told": max(told, 0), "silent": silent}


def _row(heartbeat: SentHeartbeat) -> dict[str, Any]:
    return {"heartbeat": heartbeat, "minute": moment_of(heartbeat.minute)}


@require_POST
def stop(request: HttpRequest, session_pk: int) -> HttpResponse:
    """End a live session."""
    session = get_object_or_404(WatchSession.objects.select_related("user"), pk=session_pk)
    watching.stop_watching(session=session, now=timezone.now())
    messages.success(request, f"{session.user.display_name} stops watching. The minute under way still counts.")
    return redirect("watch")


@require_POST
def send_again(request: HttpRequest, heartbeat_pk: int) -> HttpResponse:
    """Send the same heartbeat again, as Twitch does when an answer was lost."""
    heartbeat = get_object_or_404(SentHeartbeat.objects.select_related("channel"), pk=heartbeat_pk)
    try:
        sent = watching.send_again(heartbeat=heartbeat, now=timezone.now())
    except NotReported as reason:
        messages.error(request, f"Nothing was sent. {reason}")
        return redirect("watch")
    if sent.accepted():
        messages.success(request, f"The heartbeat was sent again under its id and answered with {sent.status}.")
    else:
        messages.error(request, f"The heartbeat was sent again. {sent.error or f'It was answered with {sent.status}.'}")
    return redirect("watch")
