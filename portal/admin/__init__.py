"""The kernel's admin pages."""

from django.utils.translation import gettext_lazy as _

from portal.admin.credentials import PlatformCredentialAdmin
from portal.admin.invitation_pages import again_view, invite_view, invited_view, withdraw_view
from portal.admin.member_pages import factor_view, leave_view, member_view, remove_view, sessions_view
from portal.admin.members_page import members_view, second_factor_view
from portal.admin.organizations import StudioAdmin
from portal.admin.trail import AuditEntryAdmin
from portal.admin.users import PortalUserAdmin
from portal.admin_pages import AdminPage, pages
from portal.roles import Permission

__all__ = ["AuditEntryAdmin", "PlatformCredentialAdmin", "PortalUserAdmin", "StudioAdmin"]

_MANAGE = Permission.MANAGE
pages.extend(
    (
        AdminPage("members/", "members", members_view, _MANAGE, _("Members"), "group_add"),
        AdminPage("members/invite/", "invite", invite_view, _MANAGE),
        AdminPage("members/second-factor/", "require_second_factor", second_factor_view, _MANAGE),
        AdminPage("members/leave/", "leave", leave_view, Permission.SEE_CAMPAIGNS, keeps_to_games=True),
        AdminPage("members/invited/<str:invitation_id>/", "invited", invited_view, _MANAGE),
        AdminPage("members/invited/<str:invitation_id>/again/", "invite_again", again_view, _MANAGE),
        AdminPage("members/invited/<str:invitation_id>/withdraw/", "withdraw_invitation", withdraw_view, _MANAGE),
        AdminPage("members/<int:pk>/", "member", member_view, _MANAGE),
        AdminPage("members/<int:pk>/remove/", "remove_member", remove_view, _MANAGE),
        AdminPage("members/<int:pk>/sessions/", "member_sessions", sessions_view, _MANAGE),
        AdminPage("members/<int:pk>/second-factor/", "member_second_factor", factor_view, _MANAGE),
    )
)
