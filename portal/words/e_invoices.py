"""Why a document cannot be an e-invoice: a sentence for each rule, for whoever can mend it."""

from collections.abc import Iterable
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from billing.e_invoices.rules import About, Fault, Rule

SENTENCES: dict[str, str | Promise] = {
    Rule.SPECIFICATION: _("It does not say that it is a Peppol BIS Billing 3.0 document."),
    Rule.PROFILE: _("It does not say which business process it belongs to."),
    Rule.NUMBER: _("It has no number."),
    Rule.DATE: _("It has no date."),
    Rule.DATE_FORM: _("“%(value)s” is no date."),
    Rule.INVOICE_TYPE: _("“%(value)s” is no kind of invoice that Peppol takes; 380 is, and 389 of a self-billed one."),
    Rule.CREDIT_NOTE_TYPE: _(
        "“%(value)s” is no kind of credit note that Peppol takes; 381 is, and 261 of a self-billed one."
    ),
    Rule.CURRENCY: _("It names no currency."),
    Rule.CURRENCY_CODE: _("“%(value)s” is no currency."),
    Rule.ONE_CURRENCY: _("The amount %(value)s is in another currency than the document."),
    Rule.VAT_IN_CROWNS: _(
        "Swedish VAT must be told in SEK too, and no exchange rate is kept here. Send documents in other currencies as"
        " PDF."
    ),
    Rule.ONE_NOTE: _("It has more than one note."),
    Rule.NOTHING_EMPTY: _("A field is there without anything in it."),
    Rule.PERIOD_FORWARD: _("Its period ends before it begins."),
    Rule.LINE_PERIOD_FORWARD: _("Line %(line)s: the period ends before it begins."),
    Rule.LINE_PERIOD_START: _("Line %(line)s begins before the period of the document."),
    Rule.LINE_PERIOD_END: _("Line %(line)s ends after the period of the document."),
    Rule.CREDITS: _("The credit note does not say which invoice it credits."),
    Rule.REFERS_BY_NUMBER: _("It refers to an invoice without naming its number."),
    Rule.SELLER_NAME: _("The seller has no name. Write your legal name in the settings."),
    Rule.SELLER_COUNTRY: _("The seller has no country. Choose it in the settings."),
    Rule.SELLER_ADDRESS: _(
        "The seller has no address for e-invoices. It is made of the organisation number: write yours in the settings."
    ),
    Rule.SELLER_SCHEME: _("The seller's address for e-invoices does not say what kind of number it is."),
    Rule.SELLER_KNOWN: _("The seller has neither organisation number nor VAT number. Write them in the settings."),
    Rule.SELLER_VAT_STANDARD: _("Who charges VAT needs a VAT number on the invoice. Write yours in the settings."),
    Rule.SELLER_VAT_ZERO: _("Who charges 0 %% VAT needs a VAT number on the invoice. Write yours in the settings."),
    Rule.SELLER_EXEMPT: _(
        "A seller that is not registered for VAT must show how it is registered for tax: confirm the approval for F-tax"
        " in the settings, or write your VAT number."
    ),
    Rule.VAT_NUMBER_COUNTRY: _("The VAT number %(value)s does not begin with the two letters of a country."),
    Rule.VAT_NUMBER_LENGTH: _("Your VAT number %(value)s does not have 14 signs: SE, ten digits and 01."),
    Rule.VAT_NUMBER_DIGITS: _("Your VAT number %(value)s has something else than digits after SE."),
    Rule.ORGANISATION_DIGITS: _("Your organisation number %(value)s has something else than digits."),
    Rule.ORGANISATION_LENGTH: _("Your organisation number %(value)s does not have ten digits."),
    Rule.ORGANISATION_CHECK: _("Your organisation number %(value)s has a wrong digit: its check digit does not fit."),
    Rule.F_TAX: _("Approval for F-tax is worded “%(value)s” and must be “Godkänd för F-skatt”."),
    Rule.SWEDISH_RATES: _("A Swedish seller charges 25, 12 or 6 %% VAT, not %(value)s %%. Look at the tariff."),
    Rule.BANKGIRO_DIGITS: _("Your bankgiro %(value)s has something else than digits."),
    Rule.BANKGIRO_LENGTH: _("Your bankgiro %(value)s does not have seven or eight digits."),
    Rule.NOT_BY_GIRO_CODE: _("The way to pay, %(value)s, is not used for Swedish giro payments."),
    Rule.NOT_DOMESTIC_CODE: _("The way to pay, %(value)s, is not used within Sweden."),
    Rule.BUYER_NAME: _("The buyer has no name. Write it at the payer."),
    Rule.BUYER_COUNTRY: _("The buyer has no country. Choose it at the payer."),
    Rule.COUNTRY_CODE: _("“%(value)s” is no country."),
    Rule.BUYER_ADDRESS: _(
        "The buyer has no address for e-invoices. It is made of the organisation number, or abroad of the VAT number:"
        " write it at the payer."
    ),
    Rule.BUYER_SCHEME: _("The buyer's address for e-invoices does not say what kind of number it is."),
    Rule.SWEDISH_ADDRESS: _(
        "%(value)s is no address for Swedish e-invoices: an organisation number with ten digits, the last of which fits"
        " the others."
    ),
    Rule.GLN_ADDRESS: _("%(value)s is no GLN: thirteen digits, the last of which fits the others."),
    Rule.REFERENCE: _(
        "The buyer wants to know whom or what it is for, and nothing is said. Write the buyer's reference or an order"
        " number at the payer."
    ),
    Rule.REVERSE_NUMBERS: _("Where the buyer accounts for VAT, buyer and seller both need a VAT number."),
    Rule.OUTSIDE_NO_NUMBERS: _("A document outside the scope of VAT must not name VAT numbers."),
    Rule.PAYMENT_CODE: _("It does not say how to pay."),
    Rule.PAYMENT_ACCOUNT: _("It does not say where to pay. Write your bankgiro or IBAN in the settings."),
    Rule.DUE: _("It does not say when to pay."),
    Rule.LINES: _("It has no lines."),
    Rule.LINE_NUMBER: _("A line has no number."),
    Rule.LINE_QUANTITY: _("Line %(line)s has no quantity."),
    Rule.LINE_UNIT: _("Line %(line)s has a quantity without a unit."),
    Rule.UNIT_CODE: _("Line %(line)s has a unit that is not known."),
    Rule.LINE_NET: _("Line %(line)s has no amount."),
    Rule.LINE_NAME: _("Line %(line)s does not say what it is for."),
    Rule.LINE_PRICE: _("Line %(line)s has no price."),
    Rule.PRICE_NOT_NEGATIVE: _("Line %(line)s has a price below zero."),
    Rule.LINE_IS_PRODUCT: _("Line %(line)s: the amount is not the quantity times the price."),
    Rule.CHARGE_SAID: _("Line %(line)s does not say whether something is added or taken off."),
    Rule.ALLOWANCE_REASON: _("Line %(line)s does not say why something is taken off."),
    Rule.CHARGE_REASON: _("Line %(line)s does not say why something is added."),
    Rule.DISCOUNT_AMOUNT: _("A discount has no amount."),
    Rule.DISCOUNT_CATEGORY: _("A discount does not say how it is taxed."),
    Rule.DISCOUNT_REASON: _("A discount does not say why it is given."),
    Rule.SUM_OF_DISCOUNTS: _("The sum of the discounts is not what they add up to."),
    Rule.LINE_CATEGORY: _("Line %(line)s does not say how it is taxed."),
    Rule.SUM_OF_LINES: _("The sum of the lines is not what the lines add up to."),
    Rule.SUM_WITHOUT_VAT: _("The sum without VAT is not the sum of the lines less the discounts."),
    Rule.SUM_OF_VAT: _("The VAT is not the sum of the VAT of each rate."),
    Rule.SUM_WITH_VAT: _("The sum with VAT is not the sum without it and the VAT."),
    Rule.TO_PAY: _("What is to be paid is not the sum with VAT and the rounding."),
    Rule.VAT_IS_RATE: _("The VAT of a rate is not what the rate comes to."),
    Rule.VAT_ROWS: _("It does not say what VAT is charged at which rate."),
    Rule.ONE_VAT_TOTAL: _("The VAT must be told once, and is told otherwise."),
    Rule.STANDARD_ROW: _("Line %(line)s has a rate of VAT of which no sum is told."),
    Rule.STANDARD_RATE: _("Ordinary VAT has a rate above zero, and here it has none."),
    Rule.STANDARD_BASE: _("What ordinary VAT is charged on is not the sum of its lines."),
    Rule.STANDARD_NO_REASON: _("Ordinary VAT needs no reason for an exemption, and one is given."),
    Rule.EXEMPT_ROW: _("Line %(line)s is exempt from VAT, of which no sum is told."),
    Rule.EXEMPT_RATE: _("What is exempt from VAT must have the rate 0."),
    Rule.EXEMPT_BASE: _("What is exempt from VAT is not the sum of its lines."),
    Rule.EXEMPT_AMOUNT: _("What is exempt from VAT must have no VAT."),
    Rule.EXEMPT_REASON: _("It does not say why it is exempt from VAT."),
    Rule.REVERSE_ROW: _("Line %(line)s is taxed by the buyer, of which no sum is told."),
    Rule.REVERSE_RATE: _("Where the buyer accounts for VAT, the rate must be 0."),
    Rule.REVERSE_BASE: _("What the buyer accounts for is not the sum of its lines."),
    Rule.REVERSE_AMOUNT: _("Where the buyer accounts for VAT, no VAT may be charged."),
    Rule.REVERSE_REASON: _("It does not say that the buyer accounts for VAT."),
    Rule.REVERSE_CODE: _("The reason says that the buyer accounts for VAT, the rate does not."),
    Rule.ZERO_ROW: _("Line %(line)s has 0 %% VAT, of which no sum is told."),
    Rule.ZERO_RATE: _("What is taxed at zero must have the rate 0."),
    Rule.ZERO_BASE: _("What is taxed at zero is not the sum of its lines."),
    Rule.ZERO_AMOUNT: _("What is taxed at zero must have no VAT."),
    Rule.ZERO_NO_REASON: _("What is taxed at zero needs no reason, and one is given."),
    Rule.OUTSIDE_ROW: _("Line %(line)s is outside the scope of VAT, of which no sum is told."),
    Rule.OUTSIDE_RATE: _("What is outside the scope of VAT must have no rate."),
    Rule.OUTSIDE_BASE: _("What is outside the scope of VAT is not the sum of its lines."),
    Rule.OUTSIDE_AMOUNT: _("What is outside the scope of VAT must have no VAT."),
    Rule.OUTSIDE_REASON: _("It does not say why there is no VAT."),
    Rule.OUTSIDE_ALONE: _(
        "What is outside the scope of VAT cannot stand on one e-invoice with what is taxed. Bill it on a document of"
        " its own, or send this one as PDF."
    ),
    Rule.OUTSIDE_CODE: _("The reason says that it is outside the scope of VAT, the rate does not."),
    Rule.DECIMALS_DISCOUNT: _("The discount, %(value)s, has more than two decimals."),
    Rule.DECIMALS_DISCOUNTS: _("The sum of the discounts, %(value)s, has more than two decimals."),
    Rule.DECIMALS_LINES: _("The sum of the lines, %(value)s, has more than two decimals."),
    Rule.DECIMALS_NET: _("The sum without VAT, %(value)s, has more than two decimals."),
    Rule.DECIMALS_VAT: _("The VAT, %(value)s, has more than two decimals."),
    Rule.DECIMALS_TOTAL: _("The sum with VAT, %(value)s, has more than two decimals."),
    Rule.DECIMALS_ROUNDING: _("The rounding, %(value)s, has more than two decimals."),
    Rule.DECIMALS_DUE: _("What is to be paid, %(value)s, has more than two decimals."),
    Rule.DECIMALS_BASE: _("What a rate is charged on, %(value)s, has more than two decimals."),
    Rule.DECIMALS_VAT_ROW: _("The VAT of a rate, %(value)s, has more than two decimals."),
    Rule.DECIMALS_LINE: _("Line %(line)s: the amount %(value)s has more than two decimals."),
    Rule.DECIMALS_LINE_ROUNDING: _("Line %(line)s: the rounding %(value)s has more than two decimals."),
}


@dataclass(frozen=True, slots=True)
class Lacks:
    """What is wrong, by whose details cause it."""

    seller: list[str]
    buyer: list[str]
    document: list[str]


def lacks(faults: Iterable[Fault]) -> Lacks:
    """The sentences of faults, in their order."""
    told: dict[About, list[str]] = {about: [] for about in About}
    for fault in faults:
        told[fault.about].append(str(SENTENCES[fault.rule]) % fault.facts)
    return Lacks(told[About.SELLER], told[About.BUYER], told[About.DOCUMENT])
