"""What the files for accounting are called, what is in them, and what a file says of itself."""

from decimal import Decimal
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from billing.exports import formats
from billing.exports.tables import TABLES
from billing.models import Export, ExportDelivery, ExportTimetable
from portal.words import measures
from portal.words.say import say
from portal.words.sendings import not_reached

FILES: dict[str, str | Promise] = {
    Export.Kind.INVOICES.value: _("Invoices"),
    Export.Kind.LINES.value: _("Invoice lines"),
    Export.Kind.SESSIONS.value: _("Sessions"),
    Export.Kind.PAYMENTS.value: _("Payments"),
    Export.Kind.CUSTOMERS.value: _("Customer register"),
    Export.Kind.VAT.value: _("VAT summary"),
    Export.Kind.EC_SALES.value: _("EC sales list"),
    Export.Kind.VAT_RETURN.value: _("VAT return, eSKD"),
    Export.Kind.EC_RETURN.value: _("EC sales list for Skatteverket"),
    Export.Kind.XLSX.value: _("Workbook, XLSX"),
    Export.Kind.PDF_ZIP.value: _("PDFs, ZIP"),
    Export.Kind.XML_ZIP.value: _("E-invoices, ZIP"),
    Export.Kind.SIE.value: _("Vouchers, SIE 4"),
    # Taken before tables were made in the background.
    "invoice-lines": _("Invoice lines"),
}
#: What is in each, of those that are asked for by days alone.
HOLDS: dict[str, str | Promise] = {
    Export.Kind.INVOICES.value: _("One row for each document: number, customer, amounts, VAT."),
    Export.Kind.LINES.value: _("One row for each session and price: quantity, unit price, VAT rate."),
    Export.Kind.SESSIONS.value: _("One row for each session that ended in the months, with its price."),
    Export.Kind.PAYMENTS.value: _("One row for each payment: amount, payer, which invoices it paid."),
    Export.Kind.CUSTOMERS.value: _(
        "Who was invoiced. Fortnox and Bokio ask which column is which; Visma takes only the headings of its own files."
    ),
    Export.Kind.VAT.value: _("Sales and VAT by rate and country."),
    Export.Kind.EC_SALES.value: _("Sales to buyers in other EU countries who account for the VAT, by VAT number."),
    Export.Kind.XLSX.value: _("Invoices and lines in one file, with real numbers and dates."),
    Export.Kind.PDF_ZIP.value: _("Every document as the customer gets it."),
    Export.Kind.XML_ZIP.value: _("Peppol BIS Billing 3.0, of payers that are no private persons."),
}
#: What a sum is of, by the name of its column.
SUMS: dict[str, str | Promise] = {
    "amount_excl_vat": _("excl. VAT"),
    "vat": _("VAT"),
    "rounding": _("rounding"),
    "amount_due": _("amount due"),
    "amount_incl_vat": _("incl. VAT"),
    "energy_kwh": _("energy"),
    "amount": _("amount"),
    "not_matched": _("not matched"),
    "goods": _("goods"),
    "services": _("services"),
    "debit": _("debit"),
}


class Offer(NamedTuple):
    """A kind of file as the page offers it: the forms it is written in, and whether it goes by the days chosen."""

    kind: str
    name: str
    holds: str
    forms: list[tuple[str, str]]
    fits: bool
    goes_by: str


def offers(dated_by: str) -> list[Offer]:
    """The kinds that are asked for by days alone."""
    return [_offer(kind, dated_by) for kind in HOLDS]


def _offer(kind: str, dated_by: str) -> Offer:
    own = kind in TABLES
    forms = [(value, str(label)) for value, label in Export.Form.choices] if own else [("", gettext("Make the file"))]
    within = formats.of(kind, Export.Form.CSV if own else "").base.within
    goes_by = gettext("By: %(days)s.") % {"days": ", ".join(str(Export.DatedBy(by).label) for by in within)}
    return Offer(kind, str(FILES[kind]), str(HOLDS[kind]), forms, dated_by in within, goes_by)


def file_word(kind: str) -> str:
    """The file's name; a kind that is not known is shown as it is."""
    return str(FILES.get(kind, kind))


def written(kind: str, form: str) -> str:
    """The name of a file with how it is written."""
    return f"{file_word(kind)}, {Export.Form(form).label}" if form else file_word(kind)


def named(export: Export) -> str:
    """The name of an export's file."""
    return written(export.kind, export.form)


def dated(export: Export) -> str:
    """Its days, as files say them."""
    if export.first_day is None:
        return f"{export.month:%Y-%m}"
    return f"{export.first_day}–{export.last_day}"


def came_of(export: Export) -> str:
    """What came of a timetable's file: made, on its way, handed over, or why not."""
    delivery = next(iter(export.deliveries.all()), None)
    if delivery is not None:
        return _handed_over(delivery, export.timetable)
    if export.is_open or not export.error:
        return gettext("It is being made")
    return gettext("It was not made: %(why)s") % {"why": say(export.error, export.error_facts)}


def _handed_over(delivery: ExportDelivery, timetable: ExportTimetable | None) -> str:
    if delivery.error:
        return gettext("Not handed over: %(why)s") % {"why": say(delivery.error, delivery.error_facts)}
    if delivery.sent_at is None and delivery.reason:
        return gettext("Waits, and is tried again: %(why)s") % {"why": not_reached(delivery.reason)}
    if delivery.sent_at is None:
        return gettext("It is on its way")
    is_letter = timetable is not None and timetable.to == ExportTimetable.To.LINK
    return gettext("The letter was sent") if is_letter else gettext("Handed over, and taken")


def sums(export: Export) -> list[str]:
    """What it comes to: `amount due 31.25 SEK`."""
    return [
        _sum(name, Decimal(amount), currency)
        for currency, amounts in export.sums.items()
        for name, amount in amounts.items()
        if Decimal(amount)
    ]


def _sum(name: str, amount: Decimal, currency: str) -> str:
    if name == "energy_kwh":
        return f"{SUMS[name]} {measures.kwh(int(amount * 1000))}"
    if name.startswith("box_"):
        box = gettext("box %(box)s") % {"box": name.removeprefix("box_")}
        return f"{box}: {measures.number(int(amount))}"
    return f"{SUMS[name]} {measures.money(amount, currency)}"
