"""The kernel's admin pages."""

from portal.admin.credentials import PlatformCredentialAdmin
from portal.admin.organizations import StudioAdmin
from portal.admin.trail import AuditEntryAdmin
from portal.admin.users import PortalUserAdmin

__all__ = ["AuditEntryAdmin", "PlatformCredentialAdmin", "PortalUserAdmin", "StudioAdmin"]
