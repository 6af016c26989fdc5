"""The kernel's tables: people, organizations, their credentials, the audit trail and stored files."""

from portal.models.audit import AuditEntry
from portal.models.credentials import ApiStanding, ApiTally, AppAccessToken, PlatformCredential
from portal.models.files import StoredFile
from portal.models.invitations import Invitation
from portal.models.people import Membership, Organization, User

__all__ = [
    "ApiStanding",
    "ApiTally",
    "AppAccessToken",
    "AuditEntry",
    "Invitation",
    "Membership",
    "Organization",
    "PlatformCredential",
    "StoredFile",
    "User",
]
