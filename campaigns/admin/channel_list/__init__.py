"""The pages of a campaign's allow-list: the list, imports with their report, versions, exports (C7)."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from campaigns.admin.channel_list.importing import import_view, report_view, unknown_view
from campaigns.admin.channel_list.listing import export_view, list_view
from campaigns.admin.channel_list.versions import compare_view, restore_view, version_view, versions_view
from campaigns.hooks import CampaignPage
from portal.roles import Permission

_EDIT = Permission.EDIT_CAMPAIGNS

PAGES = (
    CampaignPage("channels/", "channels", list_view, _("Allow-list")),
    CampaignPage("channels/export/", "channel_export", export_view),
    CampaignPage("channels/import/", "channel_import", import_view, permission=_EDIT),
    CampaignPage("channels/import/<str:import_id>/", "channel_report", report_view, permission=_EDIT),
    CampaignPage("channels/import/<str:import_id>/not-found/", "channel_unknown", unknown_view, permission=_EDIT),
    CampaignPage("channels/versions/", "channel_versions", versions_view),
    CampaignPage("channels/versions/compare/", "channel_compare", compare_view),
    CampaignPage("channels/versions/<int:number>/", "channel_version", version_view),
    CampaignPage("channels/versions/<int:number>/restore/", "channel_restore", restore_view, permission=_EDIT),
)
"""All pages; the first is what the campaign's own page leads to."""
