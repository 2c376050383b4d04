"""Roaming partners, and where each is asked about its cards."""

from dataclasses import dataclass

from charging.models import PartnerLink, Token
from tenants.models import Account
from tenants.selectors import accounts


@dataclass(frozen=True, slots=True)
class Partner:
    """A partner, whether it has cards here, and how it is asked; None where it is not."""

    account: Account
    link: PartnerLink | None
    has_cards: bool


def listing() -> list[Partner]:
    """Return the partners in use, by their numbers. Three queries."""
    links = {link.account_id: link for link in PartnerLink.objects.all()}
    found = list(accounts.partners())
    issuing = set(Token.objects.filter(issuer__in=found).values_list("issuer", flat=True).distinct())
    return [Partner(account, links.get(account.pk), account.pk in issuing) for account in found]


def of(account: Account) -> PartnerLink | None:
    """Return how the partner is asked; None where it is not."""
    return PartnerLink.objects.filter(account=account).first()
