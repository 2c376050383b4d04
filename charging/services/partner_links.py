"""Saying where a roaming partner is asked about its cards, and no longer asking it."""

from django.db import transaction

from charging.domain.errors import Code, PartnerCardRefused
from charging.models import PartnerLink
from tenants import outside
from tenants.models import Account


@transaction.atomic
def keep(account: Account, *, address: str, token: str = "") -> PartnerLink:
    """Ask the partner there from now on. token: what it gave us to prove ourselves with; empty: the one that is kept.

    A token that is kept goes to no other machine than the one it was given for.

    Raises:
        Refused: it is no https address.
        PartnerCardRefused: the account is no partner's, or there is no token, or none for this machine.
    """
    if account.kind != Account.Kind.ROAMING:
        raise PartnerCardRefused(Code.NOT_A_PARTNER, account=str(account))
    where = outside.target(address)
    link = PartnerLink.objects.select_for_update().filter(account=account).first()
    if not token and (link is None or _machine(outside.target(link.address)) != _machine(where)):
        raise PartnerCardRefused(Code.PARTNER_NEEDS_TOKEN)
    if link is None:
        return PartnerLink.objects.create(account=account, address=address, token=token)
    link.address = address
    link.failures, link.failure = 0, ""
    names = ["address", "failures", "failure"]
    if token:
        link.token = token
        names.append("token")
    link.save(update_fields=names)
    return link


def _machine(where: outside.Target) -> tuple[str, int]:
    return where.host.lower(), where.port


def remove(account: Account) -> None:
    """Ask it no more: its cards are told by what it has told of them."""
    for link in PartnerLink.objects.filter(account=account):
        link.delete()
