"""The page on which a platform is told to fail."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.sandbox.fault_forms import FaultsForm, set_faults
from portal.sandbox.faulting import faults_of
from portal.sandbox.views.pages import console_context

GROUPS = (
    ("Webhooks", ("webhooks_dropped", "webhooks_doubled", "silence")),
    ("Calls to the API", ("calls_failing", "failures", "retry_after_seconds", "hang_seconds", "rate_limit")),
    ("Lists and updates of claims", ("pages_doubled", "poison", "updates_partial")),
    ("The whole platform", ("outage",)),
    ("Chance", ("seed",)),
)


@require_http_methods(["GET", "POST"])
def faults(request: HttpRequest, platform: str) -> HttpResponse:
    """The faults that are on, and the form that sets them."""
    context = console_context(platform)
    asked = request.method == "POST"
    if asked and "end" in request.POST:
        set_faults(platform, {})
        messages.success(request, "All faults are off.")
        return redirect("faults", platform=platform)
    form = FaultsForm(request.POST if asked else None, instance=faults_of(platform), auto_id="fault-%s")
    if asked and form.is_valid():
        on = form.save().in_words()
        messages.success(request, "The faults are set." if on else "All faults are off.")
        return redirect("faults", platform=platform)
    if asked:
        messages.error(request, "Nothing was set. Below is what needs mending.")
    groups = [(title, [form[name] for name in names if name in form.fields]) for title, names in GROUPS]
    return render(request, "faults.html", context | {"form": form, "groups": groups}, status=400 if asked else 200)
