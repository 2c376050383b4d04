"""Why personal data is processed here: the purposes that the portal serves, each with its lawful basis.

GDPR art. 5(1)(b) wants purposes said beforehand, art. 6(1) a basis for each, art. 30(1)(b) both in the record. Every
model in the register of personal data says which of these it serves. They are the same for all operators, as all use
the same portal; what an operator says otherwise of one, and purposes of its own, stand in `ProcessingPurpose`.
"""

from dataclasses import dataclass
from enum import StrEnum

from tenants.models import ProcessingPurpose

Basis = ProcessingPurpose.Basis


class Purpose(StrEnum):
    """Why. Stored, so the codes never change. Those of a consent are the codes of what drivers are asked."""

    CHARGING = "charging"
    BILLING = "billing"
    BOOKS = "bookkeeping"
    CLAIMS = "claims"
    ACCESS = "access"
    SECURITY = "security"
    CONSENTS = "consents"
    REQUESTS = "requests"
    MARKETING = "marketing-email"
    ANALYTICS = "usage-analytics"


@dataclass(frozen=True, slots=True)
class Ground:
    """What a purpose rests on: one of the bases of GDPR art. 6(1), and the paragraphs that say more."""

    basis: Basis
    law: str = ""


#: In the order of the record. Bookkeeping also holds sessions and the history of processing, which explain the books.
GROUNDS: dict[Purpose, Ground] = {
    Purpose.CHARGING: Ground(Basis.CONTRACT),
    Purpose.BILLING: Ground(Basis.CONTRACT, "ML (2023:200) 17 kap. 24 §"),
    Purpose.BOOKS: Ground(Basis.LAW, "BFL (1999:1078) 5 kap. 6–7 §§, 11 § · 7 kap. 2 §"),
    Purpose.CLAIMS: Ground(Basis.INTEREST, "Preskriptionslagen (1981:130) 2 §"),
    Purpose.ACCESS: Ground(Basis.INTEREST),
    Purpose.SECURITY: Ground(Basis.LAW, "GDPR art. 5(2), 32"),
    Purpose.CONSENTS: Ground(Basis.LAW, "GDPR art. 7(1)"),
    Purpose.REQUESTS: Ground(Basis.LAW, "GDPR art. 12, 15–22"),
    Purpose.MARKETING: Ground(Basis.CONSENT),
    Purpose.ANALYTICS: Ground(Basis.CONSENT),
}
#: Processed only where drivers are asked, and as they answer.
BY_CONSENT = (Purpose.MARKETING, Purpose.ANALYTICS)
