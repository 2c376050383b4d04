"""How invoices reach their payers once they are issued, in sentences."""

from collections.abc import Mapping

from django.utils.translation import ngettext

from portal.words import measures
from tenants.models import Account

Delivery = Account.Delivery


def told(counts: Mapping[str, int], *, mails: bool, sends: bool) -> list[str]:
    """Say how many go which way, in the order of the ways.

    mails: whether invoices are mailed as they are issued. sends: whether e-invoices leave by themselves.
    """
    return [
        _sentence(way, counts[way], mails=mails, sends=sends) % {"count": measures.number(counts[way])}
        for way in Delivery.values
        if counts.get(way)
    ]


def _sentence(way: str, count: int, *, mails: bool, sends: bool) -> str:
    if way == Delivery.EMAIL and mails:
        return ngettext("%(count)s is mailed at once.", "%(count)s are mailed at once.", count)
    if way == Delivery.EMAIL:
        return ngettext(
            "%(count)s goes by e-mail when you choose to mail the run.",
            "%(count)s go by e-mail when you choose to mail the run.",
            count,
        )
    if way == Delivery.E_INVOICE and sends:
        return ngettext(
            "%(count)s is sent as an e-invoice at once.", "%(count)s are sent as e-invoices at once.", count
        )
    if way == Delivery.E_INVOICE:
        return ngettext(
            "%(count)s is an e-invoice that you download and send yourselves.",
            "%(count)s are e-invoices that you download and send yourselves.",
            count,
        )
    if way == Delivery.LETTER:
        return ngettext("%(count)s goes by letter: print its PDF.", "%(count)s go by letter: print their PDFs.", count)
    return ngettext(
        "%(count)s stands in the portal, and nothing is sent.",
        "%(count)s stand in the portal, and nothing is sent.",
        count,
    )
