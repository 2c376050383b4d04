"""The words of an invoice, in the languages an operator can choose.

They stand here and not in the catalogue of the pages: a document is kept for years, some of its words are
set by law (ML 2023:200, 17 kap. 24 §; 3 kap. 23 § skatteförfarandelagen for F-tax), and changing one is a
decision of its own.
"""

from typing import Final

Words = dict[str, str]

ENGLISH: Final[Words] = {
    "invoice": "Invoice",
    "credit_note": "Credit note",
    "draft": "Draft",
    "draft_note": "Draft. Not an invoice: nothing has to be paid.",
    "number": "Invoice number",
    "credit_number": "Credit note number",
    "issued": "Invoice date",
    "due": "Due date",
    "period": "Charging in",
    "customer": "Customer number",
    "credits": "Credits invoice",
    "reason": "Reason",
    "bill_to": "Bill to",
    "to_pay": "To pay",
    "to_receive": "Credited to you",
    "pay_to": "Bankgiro",
    "reference": "OCR reference",
    "summary": "Summary",
    "what": "What",
    "quantity": "Quantity",
    "unit_price": "Unit price",
    "vat_rate": "VAT",
    "amount": "Amount",
    "vat": "VAT",
    "taxable": "Amount excl. VAT",
    "vat_amount": "VAT amount",
    "no_vat": "none",
    "sum_excl_vat": "Sum excl. VAT",
    "sum_vat": "VAT",
    "rounding": "Rounding",
    "total": "Total",
    "sessions": "Charging sessions",
    "sessions_note": "Times are local to the station. Prices and amounts exclude VAT.",
    "when": "When",
    "page": "Page",
    "of": "of",
    "organisation_number": "Org. no.",
    "vat_number": "VAT no.",
    "f_tax": "Approved for F-tax",
    "terms": "Please pay by the due date and give the OCR reference.",
    "ENERGY": "Energy",
    "TIME": "Charging time",
    "PARKING_TIME": "Parking time",
    "FLAT": "Session fee",
    "RESERVATION_TIME": "Reserved time",
    "RESERVATION_FLAT": "Reservation fee",
    "MINIMUM": "Up to the minimum price",
    "MAXIMUM": "Down to the maximum price",
    "kWh": "kWh",
    "h": "h",
    "1": "pcs",
    "session_count": "sessions",
}
SWEDISH: Final[Words] = {
    "invoice": "Faktura",
    "credit_note": "Kreditfaktura",
    "draft": "Utkast",
    "draft_note": "Utkast. Inte en faktura: inget ska betalas.",
    "number": "Fakturanummer",
    "credit_number": "Kreditfakturanummer",
    "issued": "Fakturadatum",
    "due": "Förfallodatum",
    "period": "Laddning under",
    "customer": "Kundnummer",
    "credits": "Krediterar faktura",
    "reason": "Orsak",
    "bill_to": "Kund",
    "to_pay": "Att betala",
    "to_receive": "Krediteras dig",
    "pay_to": "Bankgiro",
    "reference": "OCR-nummer",
    "summary": "Sammanställning",
    "what": "Benämning",
    "quantity": "Antal",
    "unit_price": "À-pris",
    "vat_rate": "Moms",
    "amount": "Belopp",
    "vat": "Moms",
    "taxable": "Belopp exkl. moms",
    "vat_amount": "Momsbelopp",
    "no_vat": "ingen",
    "sum_excl_vat": "Summa exkl. moms",
    "sum_vat": "Moms",
    "rounding": "Öresavrundning",
    "total": "Totalt",
    "sessions": "Laddningar",
    "sessions_note": "Tider är lokal tid vid stationen. Priser och belopp är exklusive moms.",
    "when": "När",
    "page": "Sida",
    "of": "av",
    "organisation_number": "Org.nr",
    "vat_number": "Momsreg.nr",
    "f_tax": "Godkänd för F-skatt",
    "terms": "Betala senast på förfallodagen och ange OCR-numret.",
    "ENERGY": "Energi",
    "TIME": "Laddtid",
    "PARKING_TIME": "Parkeringstid",
    "FLAT": "Startavgift",
    "RESERVATION_TIME": "Reserverad tid",
    "RESERVATION_FLAT": "Reservationsavgift",
    "MINIMUM": "Upp till lägsta pris",
    "MAXIMUM": "Ned till högsta pris",
    "kWh": "kWh",
    "h": "tim",
    "1": "st",
    "session_count": "laddningar",
}


def of(language: str) -> Words:
    """The words of a language; English for one we do not have."""
    return SWEDISH if language.startswith("sv") else ENGLISH


_SWEDISH_MONTHS = "januari februari mars april maj juni juli augusti september oktober november december"
_ENGLISH_MONTHS = "January February March April May June July August September October November December"
MONTHS: Final = {"sv": tuple(_SWEDISH_MONTHS.split()), "en": tuple(_ENGLISH_MONTHS.split())}
