"""What this floor hands to the registers below: audited models."""

from charging.models import Connector, FileImport, ImportProfile, Site, Station, Token
from tenants.audit import audited


def register() -> None:
    """Register the models of this floor with the audit log.

    Sessions arrive in bulk: an import records one event with counts, sums and a hash instead.
    """
    audited(Site)
    audited(Station)
    audited(Connector)
    audited(Token, mask=["uid"])
    audited(ImportProfile)
    audited(
        FileImport,
        exclude=["rows_read", "accepted", "known", "rejected", "flagged", "accepted_wh", "rejected_wh", "updated_at"],
    )
