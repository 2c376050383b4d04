"""What can be wrong with a tariff, a session's price, a run or an invoice; and what a person should know of each."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from billing.domain.documents import Wanted
from billing.domain.errors import Code
from billing.domain.lint.remarks import Remark
from billing.domain.sessions.columns import Flag

_MUST_BE = _("%(field)s must be %(wanted)s, not %(value)s.")
ERRORS: dict[str, str | Promise] = {
    Code.BILLING_ERROR: _("This cannot be billed."),
    Code.INVALID_TARIFF: _MUST_BE,
    Code.UNKNOWN_COMPONENT: _MUST_BE,
    Code.TARIFF_NOT_VALID: _("The tariff was not valid at %(start)s, when the session started."),
    Code.UNKNOWN_TARIFF: _("The session names a tariff that was not given, or none; given are %(tariffs)s."),
    Code.MIXED_CURRENCIES: _("It is priced in more than one currency; a session and an invoice have one."),
    Code.INVALID_SESSION: _MUST_BE,
    Code.UNMETERED: _("No reading and no charging period of the session holds the energy that is to be priced."),
    Code.NEGATIVE_QUANTITY: _("A quantity is negative, or the meter ran backwards: %(value)s."),
    Code.UNKNOWN_DIMENSION: _MUST_BE,
    Code.ENDS_BEFORE_START: _("The session ends at %(end)s, before it starts at %(start)s."),
    Code.OUTSIDE_SESSION: _("A period or the end of charging lies outside the session from %(start)s to %(end)s."),
    Code.TOO_LARGE: _("The session is longer than 366 days, or a quantity is larger than any meter has counted."),
    Code.IMPOSSIBLE_ENERGY: _(
        "The charging periods hold %(value)s kWh, more than any charger gives in that time. Were Wh written as kWh?"
    ),
    Code.UNKNOWN_TIME_ZONE: _("%(field)s must be an IANA time zone, not %(value)s."),
    Code.INVALID_MONEY: _("%(field)s must be a three-letter ISO 4217 code, not %(value)s."),
    Code.TOO_MANY_DECIMALS: _("%(value)s has more than %(digits)s decimals."),
    Code.TARIFF_BOUNDS_CROSSED: _("min_price.excl_vat is %(least)s, above max_price.excl_vat of %(most)s."),
    Code.TARIFF_CURRENCY: _("currency must be the tariff's, %(currency)s, not %(value)s."),
    Code.NOT_A_MONTH: _("A month is written as 2026-03, not %(value)s."),
    Code.ONE_CURRENCY: _("One invoice has one currency, not %(value)s."),
    Code.NO_DRIVER: _("Nobody pays for this session: its card belongs to no driver."),
    Code.NO_TARIFF: _("No tariff is assigned to the driver, the group, the site or everywhere."),
    Code.NO_VERSION: _("The assigned tariff had no published version when the session started."),
    Code.NOT_PRICEABLE: _("Its price could not be worked out from its tariff and readings."),
    Code.NOT_DRAFTED: _("The invoice could not be drafted. The others were; tell whoever runs the portal."),
    Code.BREAKS_RULES: _(
        "The document was not made: it would break %(rules)s of EN 16931. Tell whoever runs the portal."
    ),
    Code.TOO_MANY_EXPORTS: _("Many files are being made already. Wait until some are ready."),
    Code.TIMETABLE_OF_MONTHS: _("By month of charging, a file is made every month."),
    Code.DELIVERY_TOO_LARGE: _("The file is larger than what is sent: fetch it from the page of downloads."),
    Code.DELIVERY_REFUSED: _("The address refused the file (%(value)s)."),
    Code.DELIVERY_TO_NOBODY: _(
        "Whoever asked for the timetable does not work here any more, or no mail server is set up."
    ),
    Code.SERVER_NOT_CONFIRMED: _("First confirm that it is the right server."),
    Code.RETURN_IN_KRONOR: _("A return is in kronor, and something was sold in %(value)s: it is not made."),
    Code.RETURN_PERIOD: _("An EC sales list is of a month or of a quarter."),
    Code.RETURN_WITHOUT_NUMBER: _("A return needs the organisation number and the VAT number of the settings."),
    Code.TOO_COSTLY: _(
        "The session would cost 100 million or more, which no invoice can say: check its energy and its tariff."
    ),
    Code.TOO_MUCH: _("The sum is more than an invoice can say: check the tariffs of its sessions."),
    Code.NOT_KEPT: _("The document cannot be kept: %(problem)s"),
    Code.CANNOT_BE_SET: _("The document cannot be made as a PDF, whatever is replaced in it."),
    Code.NO_E_INVOICE: _("%(value)s cannot be sent as an e-invoice: it breaks %(rules)s."),
    Code.NO_WAY_TO_SEND: _("%(value)s cannot be sent: no way of sending e-invoices is chosen in the settings."),
    Code.SENT_ALREADY: _("%(value)s has been sent, or is on its way."),
    Code.NOBODY_TAKES_FILE: _("Nobody has taken the file for a long time: look at where its timetable sends it."),
    Code.FINGERPRINT_CHANGED: _("The server shows another key now. Compare its fingerprint again."),
    Code.NOBODY_TAKES_IT: _("Nobody has taken it for a long time: look at the way e-invoices are sent on."),
    Code.NO_IDENTITY: _("There are no particulars, so there is nobody to name as the buyer."),
    Code.CARRIED_OVER: _("Less than the smallest invoice that was agreed: the sessions wait for the next run."),
    Code.NO_PICTURE: _("The file cannot be read as a picture. Save it again as PNG or JPEG."),
    Code.PICTURE_KIND: _("This is neither a PNG nor a JPEG. Save the picture as one of them."),
    Code.PICTURE_SVG: _("An SVG can hold more than a picture. Save it as PNG, at least 650 pixels wide."),
    Code.PICTURE_TOO_LARGE: _(
        "The picture has %(width)s × %(height)s pixels; at most %(limit)s million are taken. Make it smaller."
    ),
    Code.PICTURE_TOO_SMALL: _(
        "The picture has %(width)s × %(height)s pixels; each side needs at least %(limit)s to look well on paper."
    ),
    Code.PICTURE_UNSEEN: _(
        "Nothing of this picture would be seen on white paper. Choose the dark version of the logo."
    ),
    Code.NEGATIVE_SUM: _("The sum is below zero. An invoice asks for money; only a credit note gives some back."),
    Code.MONTH_NOT_ENDED: _("%(month)s has not ended yet."),
    Code.RUN_ISSUED: _("The run is issued."),
    Code.RUN_IN_DRAFTING: _("The run is still being drafted."),
    Code.RUN_UNDER_REVIEW: ngettext_lazy(
        "%(count)s drafted session is under review by now. Discard the drafts and start the run again.",
        "%(count)s drafted sessions are under review by now. Discard the drafts and start the run again.",
        "count",
    ),
    Code.RUN_MOVED: ngettext_lazy(
        "%(count)s drafted session is paid by another payer by now. Discard the drafts and start the run again.",
        "%(count)s drafted sessions are paid by another payer by now. Discard the drafts and start the run again.",
        "count",
    ),
    Code.RUN_OLD_PRICES: ngettext_lazy(
        "Prices of %(count)s tariff were published after the drafts were made and apply to their time. Discard the"
        " drafts and start the run again.",
        "Prices of %(count)s tariffs were published after the drafts were made and apply to their time. Discard the"
        " drafts and start the run again.",
        "count",
    ),
    Code.RUN_REASSIGNED: ngettext_lazy(
        "%(count)s drafted session is priced by another tariff by now. Discard the drafts and start the run again.",
        "%(count)s drafted sessions are priced by another tariff by now. Discard the drafts and start the run again.",
        "count",
    ),
    Code.RUN_MANY_REASSIGNED: ngettext_lazy(
        "At least %(count)s drafted session is priced by another tariff by now. Discard the drafts and start the run"
        " again.",
        "At least %(count)s drafted sessions are priced by another tariff by now. Discard the drafts and start the run"
        " again.",
        "count",
    ),
    Code.RUN_DEALERS_CHANGED: ngettext_lazy(
        "Since the drafts were made it was changed whether the payer of %(count)s of them buys to resell, and so its"
        " VAT. Discard the drafts and start the run again.",
        "Since the drafts were made it was changed whether the payers of %(count)s of them buy to resell, and so their"
        " VAT. Discard the drafts and start the run again.",
        "count",
    ),
    Code.RUN_COUNTRY_CHANGED: ngettext_lazy(
        "Since the drafts were made a country was changed, of a site or your own, and %(count)s of them would charge"
        " the VAT of another one. Discard the drafts and start the run again.",
        "Since the drafts were made a country was changed, of a site or your own, and %(count)s of them would charge"
        " the VAT of another one. Discard the drafts and start the run again.",
        "count",
    ),
    Code.SELLER_WITHOUT_VAT_NUMBER: ngettext_lazy(
        "%(count)s invoice has VAT, and your VAT number is missing.",
        "%(count)s invoices have VAT, and your VAT number is missing.",
        "count",
    ),
    Code.SELLER_WITHOUT_NUMBER_ABROAD: ngettext_lazy(
        "%(count)s invoice has VAT of another country, and your VAT number there is missing.",
        "%(count)s invoices have VAT of other countries, and your VAT number there is missing.",
        "count",
    ),
    Code.NUMBER_OF_ANOTHER_COUNTRY: _("%(number)s is no VAT number of that country, or the country is your own."),
    Code.SELLER_WITHOUT_ADDRESS: ngettext_lazy(
        "%(count)s invoice is so large that your address must stand on it, and it is missing.",
        "%(count)s invoices are so large that your address must stand on them, and it is missing.",
        "count",
    ),
    Code.BUYER_WITHOUT_ADDRESS: ngettext_lazy(
        "%(count)s invoice is so large that the payer's address must stand on it, and it is missing.",
        "%(count)s invoices are so large that the payer's address must stand on them, and it is missing.",
        "count",
    ),
    Code.BUYER_WITHOUT_EMAIL: ngettext_lazy(
        "%(count)s payer gets invoices by e-mail and has no address for them.",
        "%(count)s payers get invoices by e-mail and have no address for them.",
        "count",
    ),
    Code.BUYER_LACKS_FOR_E_INVOICE: ngettext_lazy(
        "%(count)s payer gets e-invoices and lacks what they need: a reference or order number, or an address in the"
        " network.",
        "%(count)s payers get e-invoices and lack what they need: a reference or order number, or an address in the"
        " network.",
        "count",
    ),
    Code.SELLER_LACKS_FOR_E_INVOICE: ngettext_lazy(
        "%(count)s invoice is to be an e-invoice, and your own details lack what it needs.",
        "%(count)s invoices are to be e-invoices, and your own details lack what they need.",
        "count",
    ),
    Code.NO_E_INVOICE_OF_THESE: ngettext_lazy(
        "%(count)s invoice cannot become an e-invoice: its rates of VAT or its currency do not fit into one.",
        "%(count)s invoices cannot become e-invoices: their rates of VAT or their currency do not fit into one.",
        "count",
    ),
    Code.RUN_DIFFERENCES: ngettext_lazy(
        "A later file says something else of %(count)s drafted session.",
        "Later files say something else of %(count)s drafted sessions.",
        "count",
    ),
    Code.RUN_DISPUTED: ngettext_lazy(
        "Somebody says that something is wrong with %(count)s drafted session.",
        "Somebody says that something is wrong with %(count)s drafted sessions.",
        "count",
    ),
    Code.RUN_LATE_SESSIONS: ngettext_lazy(
        "%(count)s session came late: it ended before the month.",
        "%(count)s sessions came late: they ended before the month.",
        "count",
    ),
    Code.RUN_OTHER_RATES: ngettext_lazy(
        "%(count)s invoice has another rate of VAT than the standard one of its country on those days. See whether its"
        " tariff has the right one there.",
        "%(count)s invoices have another rate of VAT than the standard one of their country on those days. See whether"
        " their tariffs have the right one there.",
        "count",
    ),
    Code.RUN_PRICES_CHANGED: ngettext_lazy(
        "The prices of %(count)s tariff changed during the month.",
        "The prices of %(count)s tariffs changed during the month.",
        "count",
    ),
    Code.RUN_CARRIED_OVER: ngettext_lazy(
        "%(count)s payer is below the smallest invoice that was agreed; the sessions wait for the next run.",
        "%(count)s payers are below the smallest invoice that was agreed; their sessions wait for the next run.",
        "count",
    ),
    Code.ISSUED_RUN_STAYS: _("The run is issued. An issued invoice is corrected by a credit note."),
    Code.NOT_APPROVED: _("This needs the approval of a second person here. Ask for it on the page of the act."),
    Code.CREDIT_NOTE_STAYS: _("A credit note cannot be credited."),
    Code.DRAFT_NOT_CREDITED: _("A draft is discarded, not credited."),
    Code.CREDIT_THEN_WHAT: _("Choose what becomes of the sessions."),
    Code.CREDIT_NO_AMOUNT: _("An amount to credit is above zero and has no more decimals than the currency."),
    Code.CREDIT_ABOVE_REST: _("That is more of line %(value)s than is left of it."),
    Code.CREDIT_ABOVE_INVOICE: _("That is more than is left of the invoice. Credit what reduces it as well."),
    Code.NOT_ON_INVOICE: _("The invoice has no line %(value)s."),
    Code.DISPUTE_WITHOUT_WORDS: _("Say it in at most 2,000 characters."),
    Code.DISPUTED_ALREADY: _("This is disputed already; the answer is on its way."),
    Code.DISPUTE_IN_REVIEW: _("Decide about the session in the review first, then answer."),
    Code.DISPUTE_NOT_CREDITED: _(
        "Nothing was credited or written off since it was raised. Credit what is wrong first."
    ),
    Code.DISPUTE_CLOSED: _("It is answered already, or was withdrawn."),
    Code.RERATING_NOT_READY: _("It is not worked out yet, or was decided on already."),
    Code.RERATING_CHANGES_NOTHING: _("Nothing would change."),
    Code.RERATING_OUTDATED: _("It comes out otherwise by now than was decided. Have it worked out anew."),
    Code.RERATING_CORRECTION_REFUSED: _("What files say of %(value)s of its sessions cannot be taken over."),
    Code.RERATING_LEAVES_OUT: _("%(value)s of its sessions have no price or payer now, or would wait for review."),
    Code.RERATING_FAILED: _("The invoice could not be re-rated. The others were; tell whoever runs the portal."),
    Code.NOTHING_LEFT: _("Nothing is left of the invoice to credit."),
    Code.CREDIT_NEEDS_REASON: _("Give a reason of at most 300 characters."),
    Code.VERSION_PUBLISHED: _("Version %(number)s is published and cannot change."),
    Code.ONE_TARGET: _("An assignment has one target: a driver, a group or a site."),
    Code.ASSIGNMENT_ENDS_FIRST: _("The assignment ends before it begins."),
    Code.TARIFF_ARCHIVED: _("The tariff is archived."),
    Code.TARIFF_STILL_ASSIGNED: _("The tariff is still assigned. End its assignments first."),
    Code.TARIFF_CURRENCY_NOT_BILLED: _(
        "Nothing is billed in “%(currency)s”, as invoices have two decimals. Choose one of %(currencies)s."
    ),
    Code.TARIFF_NAME_TAKEN: _("There is already a tariff called %(name)s."),
    Code.FEE_PRICE: _("A price is above 0 and has at most %(digits)s decimals. To give money back, choose credit."),
    Code.FEE_NEEDS_REASON: _("Say why: what is charged or credited once needs a reason."),
    Code.FEE_ENDS_FIRST: _("It would end before it begins."),
    Code.FEE_TOO_LONG_AGO: _("It may begin at most %(days)s days back. Charge what is older once, with a reason."),
    Code.FEE_DOES_NOT_RECUR: _("It is charged once, so there is nothing to end."),
    Code.FEE_CHARGED_UNTIL: _(
        "It is on an invoice or a draft until %(day)s, so it ends on that day or later. Give the rest back as a credit."
    ),
    Code.FEE_CHARGED: _("It is on an invoice or a draft and stays. Give it back as a credit, or discard the draft."),
    Code.PERCENT_OR_AMOUNT: _("A discount is a percentage or an amount: give one of the two."),
    Code.DISCOUNT_PERCENT: _("A percentage is above 0 and at most 100, not %(value)s."),
    Code.NO_STANDARD_RATE: _("We know no standard rate of VAT of %(country)s on that day: give the rate."),
    Code.HOST_CONTRACT_STAYS: _(
        "A month of it is closed, so only its end may change. Agree otherwise in a new contract."
    ),
    Code.HOST_SETTLED_UNTIL: _("It is settled until %(day)s, so it ends on that day or later."),
    Code.HOST_WITHOUT_SITE: _("Choose the sites that it is about."),
    Code.HOST_GETS_NOTHING: _("The host would get nothing: give a share, a price for each kWh or an amount."),
    Code.HOST_AMOUNT: _("An amount is not below 0 and has at most %(digits)s decimals, not %(value)s."),
    Code.HOST_SITE_TAKEN: _("The contract %(name)s is about %(site)s on some of these days."),
    Code.HOST_WITHOUT_VAT_NUMBER: _("The host has no VAT number, and its invoice would have VAT. Add it to the payer."),
    Code.SELF_BILLING_NOT_AGREED: _(
        "Give the day on which self-billing was agreed: without an agreement there is none."
    ),
    Code.SETTLEMENT_CLOSED: _("Months up to %(month)s are closed. What came later stands in the next one."),
    Code.SETTLEMENT_OPEN: _("%(month)s is not closed yet. Close it first."),
    Code.SETTLEMENT_NOT_READY: _("It is not worked out yet, or closed already."),
    Code.SETTLEMENT_OUTDATED: _("The contract %(name)s was changed since. Have it worked out again."),
    Code.SETTLEMENT_WITHOUT_VAT_NUMBER: _(
        "By the contract %(name)s the statement is the host's invoice by now, with VAT, and the host has no VAT number."
        " Add it to the payer, or have the month worked out again: then it is left out."
    ),
    Code.SETTLEMENT_FAILED: _("It could not be worked out. The others were; tell whoever runs the portal."),
    Code.STATEMENT_NOT_ANSWERED: _("Only a closed statement can be approved or objected to."),
    Code.STATEMENT_WITHOUT_WORDS: _("Say what is wrong."),
    Code.NO_REFERENCE_RATE: _("The reference rate is known until %(known_until)s only: no interest can be counted."),
    Code.NO_MAIL_SERVER: _("There is no mail server: nothing can be mailed."),
    Code.DRAFT_NOT_MAILED: _("A draft is not mailed: issue it first."),
    Code.LETTER_WAITS: _("It waits to be sent, went out, or was sent anew since."),
    Code.REMINDER_NOTHING: _("None of these is due for a reminder any more."),
    Code.REMINDER_PLACEHOLDER: _("%(value)s stands in braces and means nothing here."),
    Code.REMINDER_STEPS_ORDER: _("Handing over to the collection agency is the last step; another one comes after it."),
    Code.REMINDER_STEP_TWICE: _("Two steps are taken %(value)s days after the due date."),
    Code.REMINDER_DAY: _("What was looked at on %(value)s is too old. Look at it again."),
    Code.PAYMENT_FILE_UNKNOWN: _("This is no file of payments that is known: neither camt.053, camt.054 nor BgMax."),
    Code.PAYMENT_FILE_PACKED: _(
        "The file is packed and cannot be opened: it is damaged, has a password or is packed neither as ZIP nor by"
        " gzip. Unpack it, and send what is in it."
    ),
    Code.PAYMENT_FILE_HOLDS_NOTHING: _("The packed file holds no file. Fetch it again, or pack it anew."),
    Code.PAYMENT_FILE_SEVERAL: _("The packed file holds %(value)s files. Unpack it, and send each of them by itself."),
    Code.PAYMENT_FILE_BURSTS: _("More than %(value)s MB come out of the packed file. Unpack it, and send it in parts."),
    Code.PAYMENT_FILE_VERSION: _("This is a message of another kind (%(value)s); camt.053 and camt.054 are read."),
    Code.PAYMENT_FILE_CUT: _(
        "The file is cut off or damaged at line %(line)s (%(field)s). Nothing of it is booked: fetch it again."
    ),
    Code.PAYMENT_FILE_DOCTYPE: _("The file declares a document type (DOCTYPE), which no bank does. It is not read."),
    Code.PAYMENT_FILE_TEST: _("This is a test file of the bank. Nothing of it is booked."),
    Code.PAYMENT_FILE_ENDED: _("The file could not be read to its end within what is allowed. Nothing is booked."),
    Code.PAYMENT_FILE_ACCOUNTS: _(
        "The money came to %(to_accounts)s, which is not known as yours. Nothing of the file is booked."
    ),
    Code.PAYMENT_NOT_TOO_MUCH: _("No more of %(invoice)s was paid than is owed."),
    Code.PAYMENT_FILE_UNASKED: _("Nobody has to say of this file whose account it is."),
    Code.PAYMENT_FIELD: _("%(field)s says %(value)s, which cannot be. Nothing of the file is booked."),
    Code.PAYMENT_SUMS: _(
        "The file contradicts itself: %(field)s says %(value)s, what it tells comes to %(found)s (%(where)s). Nothing"
        " of it is booked."
    ),
    Code.LEDGER_UNEQUAL: _(
        "The month stays open. The ledger says %(booked_sum)s, but this comes to %(told_sum)s: %(booked_part)s. Please"
        " report this as a fault."
    ),
    Code.LEDGER_BEHIND: _("The month stays open: what is older than the ledger is still being booked."),
    Code.MONTH_IS_CLOSED: _("%(month)s is closed already, or nothing is booked yet."),
    Code.EARLIER_MONTH_OPEN: _("%(month)s stays open: %(earlier)s has to be closed first."),
    Code.PAYMENT_NO_AMOUNT: _(
        "A booking of several payments (%(where)s) does not say how much each of them is. Nothing of it is booked."
    ),
    Code.PAYMENT_CURRENCY: _("%(invoice)s is in %(invoice_currency)s, but the payment is in %(currency)s."),
    Code.PAYMENT_ABOVE_REST: _("Nothing is left of this payment."),
    Code.PAYMENT_NOTHING_OPEN: _("Nothing is open of %(invoice)s."),
    Code.PAYMENT_NO_AMOUNT_GIVEN: _("An amount is above 0 and in whole coins, not %(value)s."),
    Code.PAYMENT_IN_FUTURE: _("%(value)s lies ahead, or more than ten years back."),
    Code.MATCH_UNDONE: _("It is undone already."),
    Code.MATCH_NEEDS_REASON: _("Say why."),
    Code.WRITE_OFF_NOTHING_OPEN: _("Nothing is open of %(value)s."),
    Code.WRITE_OFF_ABOVE_REST: _("%(value)s is more than is open of the invoice."),
    Code.WRITE_OFF_NEEDS_REASON: _("Say why it is given up, in at most 300 characters."),
    Code.WRITE_OFF_NO_DIFFERENCE: _(
        "%(value)s is no small difference: that is all that is left open, and less than 1. Choose another reason."
    ),
    Code.WRITE_OFF_UNDONE: _("It is taken back already."),
    Code.CREDIT_AFTER_WRITE_OFF: _(
        "Some of the invoice is written off. Take that back first, and then credit what is wrong."
    ),
    Code.PAYOUT_OF_NOTHING: _("Nothing is to be paid by this statement."),
    Code.PAYOUT_TWICE: _("It is paid already."),
    Code.PAYOUT_DAY: _("A statement is paid after it was closed, and not in the future: %(value)s."),
    Code.TOO_MANY_PAYMENT_FILES: _("%(most)s files wait already. Wait until some are booked."),
}
#: What a field of a document must be.
WANTED: dict[str, str | Promise] = {
    Wanted.OBJECT: _("an object"),
    Wanted.LIST: _("a list"),
    Wanted.TEXT: _("text"),
    Wanted.NUMBER: _("a number"),
    Wanted.FINITE: _("a finite number"),
    Wanted.BELOW: _("below %(amount)s"),
    Wanted.WHOLE: _("a whole number of at least 0"),
    Wanted.AT_LEAST_0: _("at least 0"),
    Wanted.AT_MOST_A_MILLION: _("at most a million"),
    Wanted.CLOCK: _("a time of day as hh:mm between 00:00 and 23:59"),
    Wanted.DAY: _("a date as yyyy-mm-dd"),
    Wanted.INSTANT: _("an instant as yyyy-mm-ddThh:mm:ssZ"),
    Wanted.YEARS: _("an instant between the years 1 and 9999"),
    Wanted.AT_MOST: _("at least 0 and at most %(most)s"),
    Wanted.DECIMALS: _("a number of at most %(places)s decimals"),
    Wanted.PERCENTAGE: _("a percentage between 0 and 100"),
    Wanted.RESTRICTION: _("a restriction of OCPI 2.2.1"),
    Wanted.WEEKDAY: _("a weekday such as MONDAY"),
    Wanted.RESERVATION: _("RESERVATION or RESERVATION_EXPIRES"),
    Wanted.RESERVED_DIMENSION: _("FLAT or TIME in a reservation element"),
    Wanted.COMPONENTS: _("a list with at least one component"),
    Wanted.ELEMENTS: _("a list with at least one element"),
    Wanted.TARIFF: _("a tariff"),
    Wanted.TARIFFS: _("a list with at least one tariff"),
    Wanted.ONE_OF: _("one of %(names)s"),
    Wanted.TYPE: _("of the type %(type)s"),
    Wanted.WITH_FIELD: _("an object with the field %(name)s"),
    Wanted.FITTING: _("readable (%(problem)s)"),
    Wanted.JSON: _("JSON (%(problem)s)"),
}
#: Remarks about a tariff, before it is published.
REMARKS: dict[str, str | Promise] = {
    Remark.SECOND_COMPONENT: _("The element already has a %(dimension)s price."),
    Remark.NEGATIVE_PRICE: _("A price of %(price)s pays the driver."),
    Remark.PRICE_PER_MINUTE: _("%(price)s is the price of an hour; if it was meant for a minute, write %(hourly)s."),
    Remark.STEP_IN_KWH: _("A step of %(step)s is %(step)s Wh; if kWh were meant, write %(meant)s."),
    Remark.STEP_IN_MINUTES: _("A step of %(step)s is %(step)s seconds; if minutes were meant, write %(meant)s."),
    Remark.SAME_START_AND_END: _("start_time and end_time are both %(time)s; that is read as the whole day."),
    Remark.WEEKDAY_AT_MIDNIGHT: _(
        "The window passes midnight and the weekday is judged at each instant: after midnight it holds only if "
        "the next day is listed too."
    ),
    Remark.NEVER_APPLIES: _("Its restrictions exclude each other, so its %(dimension)s price never holds."),
    Remark.NEVER_REACHED: _("Earlier elements always win, so its %(dimension)s price never holds."),
    Remark.OVERLAP: _("Its %(dimension)s price overlaps an earlier element, which wins by its order."),
    Remark.ENERGY_GAP: _("Energy has no price %(hours)s."),
    Remark.ENERGY_SOMETIMES_FREE: _(
        "At some energies, durations, dates, powers or currents energy has no price %(hours)s."
    ),
    Remark.NO_ENERGY_PRICE: _("No element prices energy; it is free."),
    Remark.VAT_MISSING: _("Some prices name a VAT rate and others none; none means that no VAT applies to them."),
    Remark.BOUND_WITHOUT_VAT: _("The bound names no amount including VAT; VAT is scaled with the price."),
}
#: What the engine noted while it priced a session.
FLAGS: dict[str, str | Promise] = {
    str(Flag.INTERPOLATED.name): _("Energy without readings was spread evenly over the charging time."),
    str(Flag.SORTED.name): _("Periods or readings did not come in order of time; they were sorted."),
    str(Flag.NO_POWER_READING.name): _(
        "The tariff asks for power and there is no reading of it; such elements did not match."
    ),
    str(Flag.NO_CURRENT_READING.name): _(
        "The tariff asks for current and there is no reading of it; such elements did not match."
    ),
    str(Flag.SPANS_CHANGE.name): _(
        "A period crosses a change of price; it was billed whole at the price valid at its start."
    ),
    str(Flag.PERIOD_WITHOUT_TARIFF.name): _("A period names no tariff although others do; it was not priced."),
    str(Flag.TIME_DIFFERS.name): _("A duration does not fit the instants of its period; the duration was billed."),
    str(Flag.ENERGY_DIFFERS.name): _("The total energy is not the sum of what was metered."),
    str(Flag.UNPRICED_ENERGY.name): _("Some energy is named by no matching element of the tariff and is free."),
    str(Flag.MINIMUM.name): _("The minimum price of the tariff was applied."),
    str(Flag.MAXIMUM.name): _("The maximum price of the tariff was applied."),
    str(Flag.TARIFF_ASSUMED.name): _("No period names a tariff; the first valid one was taken."),
    str(Flag.STEP_BY_ROUNDING.name): _(
        "A time step was begun by at most 0.36 s, the precision of an hour with four decimals."
    ),
    str(Flag.ENERGY_MISSING.name): _("The total says that energy was used, but nothing metered it."),
}
SENTENCES = {**ERRORS, **WANTED, **REMARKS, **FLAGS}
