"""The two pages of importing codes: what to import, and what was found in it (D8)."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _t
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext
from unfold.widgets import UnfoldAdminFileFieldWidget, UnfoldAdminTextareaWidget

from fulfillment.code_import import MOST_BYTES, Found, ImportRefused, confirm_import, read_import
from fulfillment.models import CodeImport, CodePool
from fulfillment.rules.stock import LONGEST_CODE, SHORTEST_CODE, BadLine
from portal.models import User

if TYPE_CHECKING:
    from fulfillment.admin.code_pools import CodePoolAdmin

_MEGABYTES = MOST_BYTES // (1024 * 1024)

_PROBLEMS = {
    BadLine.TOO_SHORT: _("shorter than %(least)s characters"),
    BadLine.TOO_LONG: _("longer than %(most)s characters"),
    BadLine.UNPRINTABLE: _("holds a character that cannot be shown"),
    BadLine.SPACES: _("holds a space: one code on each line, or a column named code"),
}


class ImportForm(forms.Form):
    """Codes as a file or pasted."""

    file = forms.FileField(
        label=_("File"),
        required=False,
        help_text=_("CSV or text in UTF-8, at most %(most)s MiB: one code on each line, or a column named code.")
        % {"most": _MEGABYTES},
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ".csv,.txt,text/csv,text/plain"}),
    )
    pasted = forms.CharField(
        label=_("Or paste them"),
        required=False,
        help_text=_("One code on each line."),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 8, "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean(self) -> dict[str, Any]:
        """Take one of the two, and not too much of it."""
        cleaned = super().clean() or self.cleaned_data
        file, pasted = cleaned.get("file"), cleaned.get("pasted")
        if bool(file) == bool(pasted) and not self.errors:
            raise forms.ValidationError(_("Choose a file or paste codes: one of the two."))
        if file and file.size > MOST_BYTES:
            self.add_error("file", _("The file is larger than %(most)s MiB. Split it.") % {"most": _MEGABYTES})
        return cleaned

    def lines(self) -> Iterable[str]:
        """Return the lines, read while they are asked for."""
        file = self.cleaned_data.get("file")
        if file:
            return io.TextIOWrapper(file.file, encoding="utf-8", newline="")
        return io.StringIO(self.cleaned_data["pasted"], newline="")


def import_view(pages: CodePoolAdmin, request: HttpRequest, pool: CodePool) -> HttpResponse:
    """Ask for codes, read them, and go on to what was found."""
    posted = request.method == "POST"
    form = ImportForm(request.POST, request.FILES) if posted else ImportForm()
    if posted and form.is_valid():
        try:
            waiting = read_import(pool=pool, lines=form.lines(), actor=cast(User, request.user), now=timezone.now())
        except ImportRefused as refused:
            form.add_error(None, str(refused.sentence))
        else:
            return HttpResponseRedirect(
                reverse("admin:fulfillment_codepool_import_confirm", args=[pool.pk, waiting.pk])
            )
    context = {
        **pages.admin_site.each_context(request),
        "opts": pages.opts,
        "title": _t("Import codes: %(pool)s") % {"pool": pool},
        "pool": pool,
        "form": form,
        "back": reverse("admin:fulfillment_codepool_change", args=[pool.pk]),
    }
    return TemplateResponse(request, "admin/fulfillment/code_import.html", context)


def confirm_view(pages: CodePoolAdmin, request: HttpRequest, pool: CodePool, import_id: str) -> HttpResponse:
    """Show what was found, and import it. What is imported or dropped already leads back to the pool."""
    page = reverse("admin:fulfillment_codepool_change", args=[pool.pk])
    waiting = CodeImport.objects.filter(pool=pool, pk=import_id).first()
    if waiting is None:
        messages.info(request, _t("This was imported or dropped already: the pool shows what it has now."))
        return HttpResponseRedirect(page)
    if request.method == "POST":
        if "drop" in request.POST:
            waiting.delete()
            messages.info(request, _t("Nothing was imported."))
            return HttpResponseRedirect(page)
        count = confirm_import(waiting=waiting, actor=cast(User, request.user), now=timezone.now())
        text = ngettext("%(count)s code was imported.", "%(count)s codes were imported.", count)
        messages.success(request, text % {"count": f"{count:,}"})
        return HttpResponseRedirect(page)
    found = Found(**waiting.found)
    context = {
        **pages.admin_site.each_context(request),
        "opts": pages.opts,
        "title": _t("What was found: %(pool)s") % {"pool": pool},
        "pool": pool,
        "found": found,
        "bad": [(line, _problem(problem)) for line, problem in found.bad],
        "back": page,
    }
    return TemplateResponse(request, "admin/fulfillment/code_import_found.html", context)


def _problem(problem: str) -> str:
    return str(_PROBLEMS[BadLine(problem)]) % {"least": SHORTEST_CODE, "most": LONGEST_CODE}
