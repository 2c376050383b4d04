"""Every way pricing can fail, as typed errors that name the field and the value.

One base class for the whole floor. Nothing here says anything to anybody: `portal.words.pricing` has the sentence of
each code, so pages show it as a message, the API as problem details and the command line as a line of JSON.

`code` is stable and meant for machines; `field` is the path of the offending field in the words of its source (OCPI
for tariffs and charge detail records); `value` is what stood there. Both are facts of the sentence, too.
"""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar, Final, Self

from tenants.coded import Coded


class Code(StrEnum):
    """What can be wrong with tariffs, sessions, amounts and documents."""

    BILLING_ERROR = "billing_error"
    INVALID_TARIFF = "invalid_tariff"
    UNKNOWN_COMPONENT = "unknown_component"
    TARIFF_NOT_VALID = "tariff_not_valid"
    UNKNOWN_TARIFF = "unknown_tariff"
    MIXED_CURRENCIES = "mixed_currencies"
    INVALID_SESSION = "invalid_session"
    UNMETERED = "unmetered"
    NEGATIVE_QUANTITY = "negative_quantity"
    UNKNOWN_DIMENSION = "unknown_dimension"
    ENDS_BEFORE_START = "ends_before_start"
    OUTSIDE_SESSION = "outside_session"
    TOO_LARGE = "too_large"
    IMPOSSIBLE_ENERGY = "impossible_energy"
    UNKNOWN_TIME_ZONE = "unknown_time_zone"
    INVALID_MONEY = "invalid_money"
    TARIFF_BOUNDS_CROSSED = "tariff_bounds_crossed"
    TARIFF_CURRENCY = "tariff_currency"
    NOT_A_MONTH = "not_a_month"
    ONE_CURRENCY = "one_currency"
    TOO_MANY_DECIMALS = "too_many_decimals"
    NO_DRIVER = "no_driver"
    NO_TARIFF = "no_tariff"
    NO_VERSION = "no_version"
    NOT_PRICEABLE = "not_priceable"
    NOT_DRAFTED = "not_drafted"
    BREAKS_RULES = "breaks_rules"
    TOO_MANY_EXPORTS = "too_many_exports"
    TIMETABLE_OF_MONTHS = "timetable_of_months"
    DELIVERY_TOO_LARGE = "delivery_too_large"
    DELIVERY_REFUSED = "delivery_refused"
    DELIVERY_TO_NOBODY = "delivery_to_nobody"
    SERVER_NOT_CONFIRMED = "server_not_confirmed"
    RETURN_IN_KRONOR = "return_in_kronor"
    RETURN_PERIOD = "return_period"
    RETURN_WITHOUT_NUMBER = "return_without_number"
    TOO_COSTLY = "too_costly"
    TOO_MUCH = "too_much"
    NOT_KEPT = "document_not_kept"
    CANNOT_BE_SET = "document_cannot_be_set"
    NO_E_INVOICE = "no_e_invoice"
    NO_WAY_TO_SEND = "no_way_to_send"
    SENT_ALREADY = "sent_already"
    NOBODY_TAKES_IT = "nobody_takes_it"
    NOBODY_TAKES_FILE = "nobody_takes_file"
    FINGERPRINT_CHANGED = "fingerprint_changed"
    NO_PICTURE = "no_picture"
    PICTURE_KIND = "picture_kind"
    PICTURE_SVG = "picture_svg"
    PICTURE_TOO_LARGE = "picture_too_large"
    PICTURE_TOO_SMALL = "picture_too_small"
    PICTURE_UNSEEN = "picture_unseen"
    NO_IDENTITY = "no_identity"
    CARRIED_OVER = "carried_over"
    NEGATIVE_SUM = "negative_sum"
    MONTH_NOT_ENDED = "month_not_ended"
    RUN_ISSUED = "run_issued"
    RUN_IN_DRAFTING = "run_in_drafting"
    RUN_UNDER_REVIEW = "run_under_review"
    RUN_MOVED = "run_moved"
    RUN_OLD_PRICES = "run_old_prices"
    RUN_REASSIGNED = "run_reassigned"
    RUN_MANY_REASSIGNED = "run_many_reassigned"
    RUN_DEALERS_CHANGED = "run_dealers_changed"
    RUN_COUNTRY_CHANGED = "run_country_changed"
    RUN_LATE_SESSIONS = "run_late_sessions"
    RUN_PRICES_CHANGED = "run_prices_changed"
    RUN_OTHER_RATES = "run_other_rates"
    RUN_CARRIED_OVER = "run_carried_over"
    RUN_DIFFERENCES = "run_differences"
    RUN_DISPUTED = "run_disputed"
    SELLER_WITHOUT_VAT_NUMBER = "seller_without_vat_number"
    SELLER_WITHOUT_NUMBER_ABROAD = "seller_without_number_abroad"
    NUMBER_OF_ANOTHER_COUNTRY = "number_of_another_country"
    SELLER_WITHOUT_ADDRESS = "seller_without_address"
    BUYER_WITHOUT_ADDRESS = "buyer_without_address"
    BUYER_WITHOUT_EMAIL = "buyer_without_email"
    BUYER_LACKS_FOR_E_INVOICE = "buyer_lacks_for_e_invoice"
    SELLER_LACKS_FOR_E_INVOICE = "seller_lacks_for_e_invoice"
    NO_E_INVOICE_OF_THESE = "no_e_invoice_of_these"
    ISSUED_RUN_STAYS = "issued_run_stays"
    NOT_APPROVED = "not_approved"
    CREDIT_NOTE_STAYS = "credit_note_stays"
    DRAFT_NOT_CREDITED = "draft_not_credited"
    CREDIT_NEEDS_REASON = "credit_needs_reason"
    CREDIT_THEN_WHAT = "credit_then_what"
    CREDIT_NO_AMOUNT = "credit_no_amount"
    CREDIT_ABOVE_REST = "credit_above_rest"
    CREDIT_ABOVE_INVOICE = "credit_above_invoice"
    NOT_ON_INVOICE = "line_not_on_invoice"
    DISPUTE_WITHOUT_WORDS = "dispute_without_words"
    DISPUTED_ALREADY = "disputed_already"
    DISPUTE_IN_REVIEW = "dispute_in_review"
    DISPUTE_NOT_CREDITED = "dispute_not_credited"
    DISPUTE_CLOSED = "dispute_closed"
    RERATING_NOT_READY = "rerating_not_ready"
    RERATING_CHANGES_NOTHING = "rerating_changes_nothing"
    RERATING_OUTDATED = "rerating_outdated"
    RERATING_CORRECTION_REFUSED = "rerating_correction_refused"
    RERATING_LEAVES_OUT = "rerating_leaves_out"
    RERATING_FAILED = "rerating_failed"
    NOTHING_LEFT = "nothing_left_to_credit"
    VERSION_PUBLISHED = "version_published"
    ONE_TARGET = "one_target"
    ASSIGNMENT_ENDS_FIRST = "assignment_ends_first"
    TARIFF_ARCHIVED = "tariff_archived"
    TARIFF_STILL_ASSIGNED = "tariff_still_assigned"
    TARIFF_CURRENCY_NOT_BILLED = "tariff_currency_not_billed"
    TARIFF_NAME_TAKEN = "tariff_name_taken"
    FEE_PRICE = "fee_price"
    FEE_NEEDS_REASON = "fee_needs_reason"
    FEE_ENDS_FIRST = "fee_ends_first"
    FEE_TOO_LONG_AGO = "fee_too_long_ago"
    FEE_DOES_NOT_RECUR = "fee_does_not_recur"
    FEE_CHARGED_UNTIL = "fee_charged_until"
    FEE_CHARGED = "fee_charged"
    PERCENT_OR_AMOUNT = "percent_or_amount"
    DISCOUNT_PERCENT = "discount_percent"
    NO_STANDARD_RATE = "no_standard_rate"
    HOST_CONTRACT_STAYS = "host_contract_stays"
    HOST_SETTLED_UNTIL = "host_settled_until"
    HOST_WITHOUT_SITE = "host_without_site"
    HOST_GETS_NOTHING = "host_gets_nothing"
    HOST_AMOUNT = "host_amount"
    HOST_SITE_TAKEN = "host_site_taken"
    HOST_WITHOUT_VAT_NUMBER = "host_without_vat_number"
    SELF_BILLING_NOT_AGREED = "self_billing_not_agreed"
    SETTLEMENT_CLOSED = "settlement_closed"
    SETTLEMENT_OPEN = "settlement_open"
    SETTLEMENT_NOT_READY = "settlement_not_ready"
    SETTLEMENT_OUTDATED = "settlement_outdated"
    SETTLEMENT_WITHOUT_VAT_NUMBER = "settlement_without_vat_number"
    SETTLEMENT_FAILED = "settlement_failed"
    STATEMENT_NOT_ANSWERED = "statement_not_answered"
    STATEMENT_WITHOUT_WORDS = "statement_without_words"
    NO_REFERENCE_RATE = "no_reference_rate"
    NO_MAIL_SERVER = "no_mail_server"
    DRAFT_NOT_MAILED = "draft_not_mailed"
    LETTER_WAITS = "letter_waits"
    REMINDER_NOTHING = "reminder_nothing"
    REMINDER_PLACEHOLDER = "reminder_placeholder"
    REMINDER_STEPS_ORDER = "reminder_steps_order"
    REMINDER_STEP_TWICE = "reminder_step_twice"
    REMINDER_DAY = "reminder_day"
    PAYMENT_FILE_UNKNOWN = "payment_file_unknown"
    PAYMENT_FILE_PACKED = "payment_file_packed"
    PAYMENT_FILE_HOLDS_NOTHING = "payment_file_holds_nothing"
    PAYMENT_FILE_SEVERAL = "payment_file_several"
    PAYMENT_FILE_BURSTS = "payment_file_bursts"
    PAYMENT_FILE_VERSION = "payment_file_version"
    PAYMENT_FILE_CUT = "payment_file_cut"
    PAYMENT_FILE_DOCTYPE = "payment_file_doctype"
    PAYMENT_FILE_TEST = "payment_file_test"
    PAYMENT_FILE_ENDED = "payment_file_ended"
    PAYMENT_FILE_ACCOUNTS = "payment_file_accounts"
    PAYMENT_FILE_UNASKED = "payment_file_unasked"
    PAYMENT_FIELD = "payment_field"
    PAYMENT_SUMS = "payment_sums"
    PAYMENT_NO_AMOUNT = "payment_no_amount"
    PAYMENT_CURRENCY = "payment_currency"
    PAYMENT_ABOVE_REST = "payment_above_rest"
    PAYMENT_NOTHING_OPEN = "payment_nothing_open"
    PAYMENT_NOT_TOO_MUCH = "payment_not_too_much"
    PAYMENT_NO_AMOUNT_GIVEN = "payment_no_amount_given"
    PAYMENT_IN_FUTURE = "payment_in_future"
    MATCH_UNDONE = "match_undone"
    MATCH_NEEDS_REASON = "match_needs_reason"
    WRITE_OFF_NOTHING_OPEN = "write_off_nothing_open"
    WRITE_OFF_ABOVE_REST = "write_off_above_rest"
    WRITE_OFF_NEEDS_REASON = "write_off_needs_reason"
    WRITE_OFF_NO_DIFFERENCE = "write_off_no_difference"
    WRITE_OFF_UNDONE = "write_off_undone"
    CREDIT_AFTER_WRITE_OFF = "credit_after_write_off"
    PAYOUT_OF_NOTHING = "payout_of_nothing"
    PAYOUT_TWICE = "payout_twice"
    PAYOUT_DAY = "payout_day"
    LEDGER_UNEQUAL = "ledger_unequal"
    LEDGER_BEHIND = "ledger_behind"
    MONTH_IS_CLOSED = "month_is_closed"
    EARLIER_MONTH_OPEN = "earlier_month_open"
    TOO_MANY_PAYMENT_FILES = "too_many_payment_files"


_LONGEST_BITS: Final = 1_000


class BillingError(Coded):
    """Something cannot be billed. A subclass has the code that most of its kind are told by."""

    usual: ClassVar[Code] = Code.BILLING_ERROR

    def __init__(self, code: Code | None = None, /, *, field: str = "", value: object = None, **facts: object) -> None:
        super().__init__(code or self.usual, field=field or "$", value=shown(value), **facts)
        self.field = field
        self.value = value

    def within(self, path: str) -> Self:
        """The same error, its field named from further out."""
        self.field = f"{path}.{self.field}"
        self.facts["field"] = self.field
        return self


def shown(value: object) -> str:
    """A value as a sentence shows it: at most 60 signs, text in quotes."""
    if isinstance(value, int) and value.bit_length() > _LONGEST_BITS:  # Python refuses to write it
        return "…"
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


class TariffError(BillingError):
    """A tariff document says something that cannot be priced."""

    usual = Code.INVALID_TARIFF


class UnknownComponent(TariffError):
    """A price component of a type this engine does not know; skipping it would give the dimension away."""

    usual = Code.UNKNOWN_COMPONENT


class TariffNotValid(TariffError):
    """The session started outside the tariff's validity."""

    usual = Code.TARIFF_NOT_VALID


class UnknownTariff(TariffError):
    """A period names a tariff that was not given."""

    usual = Code.UNKNOWN_TARIFF


class MixedCurrencies(TariffError):
    """One session is priced by tariffs of different currencies; their amounts cannot be added."""

    usual = Code.MIXED_CURRENCIES


class SessionError(BillingError):
    """A session says something that cannot be priced."""

    usual = Code.INVALID_SESSION


class Unmetered(SessionError):
    """There is nothing to price energy by. A lost reading must not become a free session."""

    usual = Code.UNMETERED


class NegativeQuantity(SessionError):
    """A measured quantity is below zero, or a meter ran backwards."""

    usual = Code.NEGATIVE_QUANTITY


class UnknownDimension(SessionError):
    """A charging period holds a dimension this engine does not know; skipping it could give something away."""

    usual = Code.UNKNOWN_DIMENSION


class EndsBeforeStart(SessionError):
    """A session ends before it starts."""

    usual = Code.ENDS_BEFORE_START


class OutsideSession(SessionError):
    """An instant that belongs to a session lies outside it."""

    usual = Code.OUTSIDE_SESSION


class TooLarge(SessionError):
    """A quantity is beyond what any meter can have counted; see `sessions.columns.MAX_ENERGY`."""

    usual = Code.TOO_LARGE


class ImpossibleEnergy(SessionError):
    """More energy than any charger can deliver in the time of the session; often Wh that were written as kWh."""

    usual = Code.IMPOSSIBLE_ENERGY


class UnknownZone(SessionError):
    """A time zone name that the IANA database does not have."""

    usual = Code.UNKNOWN_TIME_ZONE


class MoneyError(BillingError):
    """A currency or amount that cannot be used."""

    usual = Code.INVALID_MONEY


class InvoiceError(BillingError):
    """Invoice arithmetic or numbering was asked for something impossible."""
