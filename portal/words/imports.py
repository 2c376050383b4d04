"""What can be wrong with sites, stations, cards, files of sessions and their imports."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from billing.models.billing_status import CREDITED
from billing.services.disputes import DISPUTED
from charging.domain.errors import Code
from charging.domain.reasons import Flag, Reject
from charging.ingest.evidence import Asks
from charging.ingest.layout import DateOrder, Field
from charging.ingest.network import Thing

ERRORS: dict[str, str | Promise] = {
    Code.NO_SUCH_SITE: _("There is no site %(site)s."),
    Code.SEES_SOME_SITES: _("Only somebody who sees all sites can add one."),
    Code.SITE_IN_SIGHT_OF_SOME: _("Only somebody who sees all sites can rename one."),
    Code.STATION_IN_SIGHT_OF_SOME: _("Only somebody who sees all sites can add a station or change its identifier."),
    Code.SITE_NAME_TAKEN: _("There is already a site called “%(name)s”."),
    Code.CONNECTOR_NUMBER_TWICE: _("Two connectors have the number %(number)s."),
    Code.COMMAND_NO_LINK: _("%(station)s may not connect here, so nothing can be asked of it."),
    Code.COMMAND_NOT_ACCEPTED: _("%(station)s has not been accepted yet, so this cannot be asked of it."),
    Code.COMMAND_CONNECTOR: _("Outlet “%(connector)s” has no number, and stations know their outlets by number alone."),
    Code.COMMAND_PASSWORD: _("The station's password is made on the station's page, where it is shown once."),
    Code.COMMAND_NEEDS_CONNECTION: _(
        "%(station)s is not connected. A password is kept for nobody: send it when the station is connected."
    ),
    Code.COMMAND_SHARED: _(
        "%(site)s shares its power over its stations. Change that on the page of the site, or limit one outlet."
    ),
    Code.COMMAND_CARD_REFUSED: _("The card would be refused: %(basis)s."),
    Code.TEMPLATE_TAKEN: _("There is already a template called “%(name)s”."),
    Code.TEMPLATE_TOO_LONG: _("A template wants at most %(most)s settings: write another one for the rest."),
    Code.TEMPLATE_SECRET: _("“%(name)s” is a secret, and a template is not: set it on the page of each station."),
    Code.COMMANDS_WAIT: _("%(most)s commands already wait for %(station)s. Wait until it has answered."),
    Code.METER_KEY_UNREADABLE: _("This is no public key of a meter: it is neither PEM nor a key in hex or base64."),
    Code.CERTIFICATE_UNREADABLE: _(
        "This is no certificate: paste it whole, from BEGIN CERTIFICATE to END CERTIFICATE."
    ),
    Code.CERTIFICATE_EXPIRED: _("This certificate has expired: it held until %(until)s."),
    Code.METER_KEY_KIND: _(
        "A key of this kind cannot be checked here: RSA of 2048 to 4096 bits can be, and the curves secp192r1, "
        "secp256r1, secp256k1, secp384r1, brainpool256r1 and brainpool384r1, but not secp192k1."
    ),
    Code.METER_KEY_CURVE: _("This key does not name its curve: choose the one in the papers of the meter."),
    Code.METER_KEY_TWICE: _("This key is registered for the outlet already. Change its days instead."),
    Code.METER_KEY_DAYS: _("The last day (%(until)s) must not come before the first one (%(since)s)."),
    Code.START_STATION_AWAY: _("%(station)s is not connected right now. Use your card at the station, or try again."),
    Code.START_OUTLET_TAKEN: _("Outlet %(connector)s of %(station)s is taken or does not work. Choose another one."),
    Code.STATION_TAKEN: _("There is already a station called “%(identifier)s”."),
    Code.CARD_TAKEN: _("There is already a card with the UID %(uid)s."),
    Code.CARD_OF_PARTNER: _("The card %(card)s is a partner's, who pays for it. Change who has issued it first."),
    Code.CARD_HAS_HOLDER: _("A driver has the card %(card)s, or has had it, so it is no partner's."),
    Code.PARTNER_NEEDS_WHITELIST: _("Say whether the partner is asked about the card."),
    Code.PARTNER_NEEDS_TOKEN: _("Write the token that the partner gave you."),
    Code.NOT_A_PARTNER: _("The payer %(account)s is no roaming partner."),
    Code.CARD_IN_USE: _(
        "The card %(card)s stays: somebody has it or had it, charged with it or was billed for it, or it is merged."
    ),
    Code.NOT_A_NAMESAKE: _("The card %(card)s is no partner's card of the same UID."),
    Code.OWN_CARD_GOES_FIRST: _("You have a card of that UID yourself, which goes before the partner's."),
    Code.CARD_BLOCKED_BY_STAFF: _("The card %(card)s has been blocked by the operator: only they can unblock it."),
    Code.HELD_BACKWARDS: _("The time that somebody has a card must end after it begins."),
    Code.NO_TIME_ZONE: _("There is no time zone called “%(name)s”. Write it like “Europe/Stockholm”."),
    Code.SERIES_STEP: _("The step of a meter series must be positive, not %(step)s s."),
    Code.SERIES_LENGTH: _("A meter series has between 1 and %(most)s steps, not %(steps)s."),
    Code.SERIES_NEGATIVE: _("A meter series cannot take energy back (%(energy_wh)s Wh)."),
    Code.REGISTER_READ_ONCE: _("A register must be read at least twice."),
    Code.READINGS_OUT_OF_ORDER: _("The readings are not in the order of their times."),
    Code.PROFILE_NAME: _("A profile needs a name of at most 80 characters."),
    Code.NO_SUCH_PROFILE: _("There is no profile called “%(name)s”. There are: %(names)s."),
    Code.IMPORT_STARTED: _("This import is %(import_state)s; it cannot be started."),
    Code.IMPORT_NOT_DONE: _("This import is %(import_state)s; only one that is done can be undone."),
    Code.IMPORT_NOT_MENDED: _("This import is %(import_state)s; its rows can no longer be corrected."),
    Code.ROW_SETTLED: _("Line %(line)s has been settled meanwhile."),
    Code.IMPORT_HELD_LATER: _(
        "“%(file)s” came later, and it was not kept which of these sessions it holds too. Undo that import first."
    ),
    Code.IMPORT_BILLED: ngettext_lazy(
        "%(count)d session of this import stands or stood on an invoice, so the import stays.",
        "%(count)d sessions of this import stand or stood on invoices, so the import stays.",
        "count",
    ),
    Code.UPLOADS_OF_ONE: _(
        "You have %(most)s files here that wait for their import. Import or discard one of them first."
    ),
    Code.UPLOADS_OF_ALL: _("%(most)s files wait for their import here. Import or discard one of them first."),
    Code.NOT_WAITING_FOR_REVIEW: ngettext_lazy(
        "%(count)d of the sessions does not wait for a decision any more.",
        "%(count)d of the sessions do not wait for a decision any more.",
        "count",
    ),
    Code.REVIEWED_ON_DRAFT: _(
        "Session %(session)s stands on a draft, where it can only be billed as it is. Discard the drafts of that run "
        "first; then anything else can be decided."
    ),
    Code.REVIEWED_CARD_BILLED: _(
        "Session %(session)s was billed before, and its invoice rests on the card that it was charged with. Give it to "
        "a driver instead."
    ),
    Code.CARD_HELD_BY_NOBODY: _("Nobody had card %(card)s when session %(session)s began, so nobody would pay for it."),
    Code.MERGED_ITSELF: _("%(name)s cannot be merged into itself."),
    Code.MERGED_ALREADY: _("%(name)s is merged into another one already."),
    Code.MERGED_STANDS_FOR_OTHERS: _("Others were merged into %(name)s already. Merge the other way round."),
    Code.MERGED_OF_TWO_HOLDERS: _("%(name)s and %(other)s were two drivers' at the same time, so they are two cards."),
    Code.MERGED_OF_TWO_PAYERS: _(
        "%(name)s and %(other)s belonged to two payers at the same time, so they are two cards."
    ),
    Code.MERGED_AT_TWO_SITES: _("%(name)s and %(other)s stand at different sites. Move one of them first."),
    Code.MERGED_AT_ONCE: _(
        "Session %(session)s and another one had the same outlet at the same time, so %(name)s and %(other)s are two."
    ),
    Code.MERGED_TOO_MANY: _("%(name)s has more than %(most)s sessions that are not billed. Bill them first."),
    Code.PARTED_BILLED: ngettext_lazy(
        "%(count)d of the sessions that followed has been billed since, so the merge stays.",
        "%(count)d of the sessions that followed have been billed since, so the merge stays.",
        "count",
    ),
    Code.PARTED_HELD_SINCE: _("The card has changed hands since, so the merge stays."),
    Code.NOT_MERGED: _("%(name)s is not merged into another one."),
    Code.CORRECTED_ON_INVOICE: _(
        "Session %(session)s stands on an invoice. Credit the invoice first; then this can be taken over."
    ),
    Code.CORRECTED_ON_DRAFT: _(
        "Session %(session)s stands on a draft. Discard the drafts of that run first; then this can be taken over."
    ),
    Code.CORRECTED_WRITTEN_OFF: _("Session %(session)s was credited and written off, so nothing of it is billed."),
    Code.CORRECTED_STATION_UNKNOWN: _("Session %(session)s would be at a station or outlet that is not here."),
    Code.CORRECTED_CARD_UNKNOWN: _("Session %(session)s would be charged with a card that is not here: add it first."),
    Code.FILE_EMPTY: _("The file is empty."),
    Code.SHEET_EMPTY: _("The sheet is empty."),
    Code.FILE_NOT_OF_ENCODING: _("The file cannot be read as %(encoding)s text: %(problem)s."),
    Code.FILE_BREAKS_OFF: _("The file cannot be read to its end: %(problem)s."),
    Code.FILE_NOT_TEXT: _("The file is not text: it contains zero bytes."),
    Code.FILE_OF_DELIMITERS: _("The first lines of the file hold nothing but delimiters."),
    Code.FILE_TOO_WIDE: _("Line %(line)s has %(columns)s columns; at most %(most)s are read."),
    Code.HEADING_TOO_LONG: _("Line %(line)s has more than %(most)s characters; no line of headings is that long."),
    Code.NOT_JSON_LINES: _(
        "The file is neither JSON nor JSON lines: it cannot be read as one document, and no line of it is an object "
        "nested at most %(depth)s deep."
    ),
    Code.TOO_MANY_KEYS: _("Up to line %(line)s the objects have %(names)s different names; at most %(most)s are read."),
    Code.NOT_A_WORKBOOK: _("The file is not a workbook that can be read: %(problem)s."),
    Code.WORKBOOK_WITHOUT_ROWS: _("The workbook has no sheet with rows."),
    Code.WORKBOOK_TOO_LARGE: _("The workbook is larger than %(limit)s MB when unpacked. Save it as CSV."),
    Code.WORKBOOK_TOO_WIDE: _(
        "The cells of the workbook lie too far apart: with %(corner)s its sheets reach over %(cells)s "
        "cells, at most %(most)s are read. Delete the stray cells, or save it as CSV."
    ),
    Code.FILE_TOO_LARGE: _("The file is larger than %(limit)s MB when unpacked. Split it into parts."),
    Code.FILE_DAMAGED: _("The compressed file is damaged: %(problem)s."),
    Code.FILE_UNREADABLE: _("Something in the file cannot be read at all. Save it as CSV and try again."),
    Code.READING_ANSWER_TOO_LONG: _("Reading the file gave an answer that is too long. Split it into parts."),
    Code.READING_SILENT: _("Reading the file gave no sign of life for %(wait_s)s."),
    Code.READING_TOO_SLOW: _("Reading the file took more than %(wait_s)s of work. Split it into parts."),
    Code.READING_TOO_LARGE: _(
        "Reading the file took more than %(limit)s MB of memory. Save it as CSV, or split it into parts."
    ),
    Code.COLUMN_LACKING: _("The file lacks a column for %(fact)s: %(columns)s."),
    Code.FACTS_WITHOUT_COLUMN: _("The file has no column for %(lacking)s. Its columns are: %(columns)s."),
    Code.NO_SUCH_SETTING: _("A profile has no setting “%(name)s”."),
    Code.SETTING_VALUE: _("%(name)s cannot be “%(value)s”; it is one of %(choices)s."),
    Code.QUESTION_OPEN: _("This has to be answered first: %(question)s"),
    Code.QUESTION_OPEN_AT: _("This has to be answered first: %(question)s Example: “%(example)s”."),
    Code.ORDER_DISPROVED: _("The dates cannot be written %(order)s: line %(line)s says “%(text)s”."),
    Code.SIGN_DISPROVED: _("The decimal sign cannot be “%(sign)s”: line %(line)s says “%(text)s”."),
    Code.JSON_WITHOUT_LIST: _("The file is JSON, but it holds no list of sessions."),
    Code.JSON_WITH_LISTS: _(
        "The file is JSON with several lists: %(names)s. None of them names sessions better than the others; save the "
        "one you mean by itself."
    ),
    Code.FILE_OF_ANOTHER_KIND: _("The file is %(kind)s. Save it as CSV, XLSX or JSON."),
    Code.COLUMN_OPEN: _("This has to be answered first: which column holds %(fact)s?"),
}
#: What a file leaves open, and the person who imports it is asked.
QUESTIONS: dict[str, str | Promise] = {
    Asks.WHICH_COLUMN: _("Which column holds this fact?"),
    Asks.WHICH_STATION: _("The file names no station. Which column holds it, or what is it called?"),
    Asks.WHICH_ZONE: _("The times have no offset. In which time zone were they written?"),
    Asks.WHICH_ORDER: _("The dates can be read in more than one order. In which order are they written?"),
    Asks.WHICH_OF_BOTH_ORDERS: _(
        "Some dates can only have the day first, others only the month. Which order is right?"
    ),
    Asks.WHICH_SIGN: _("Does the sign in the energy stand before decimals, or between thousands?"),
    Asks.WHICH_OF_BOTH_SIGNS: _(
        "Some energy values can only have a decimal comma, others only a decimal point. Which is right?"
    ),
    Asks.WHICH_UNIT: _("The file does not say in which unit the energy is written."),
}
#: Why a row of a file was rejected.
REJECTS: dict[str, str | Promise] = {
    Reject.UNREADABLE_ROW: _(
        "The row cannot be read: a quotation mark is never closed, or it is no valid JSON, or nested more than 32 deep."
    ),
    Reject.LINE_TOO_LONG: _("The line has more than 1,000,000 characters; only its beginning is kept here."),
    Reject.TOO_MANY_CELLS: _("The row has more cells than the header, so its columns may be shifted."),
    Reject.CONTROL_CHARACTER: _("A name, id or card holds a control character, such as a tab, a line break or a zero."),
    Reject.LOST_SIGN: _("A name or card holds a letter that was lost before the file came here."),
    Reject.DAMAGED_IDENTIFIER: _(
        "A spreadsheet turned the card, the station or the id into a number and lost its last digits. Get the file "
        "from its source again, without opening it in a spreadsheet."
    ),
    Reject.MISSING_ID: _("The session has no id."),
    Reject.ID_TOO_LONG: _("The session id is longer than 100 characters."),
    Reject.MISSING_STATION: _("The row does not say which station was used."),
    Reject.NAME_TOO_LONG: _("The name of the site, station, connector or card is too long."),
    Reject.MISSING_START: _("The start time is missing."),
    Reject.UNREADABLE_START: _("The start time cannot be read."),
    Reject.UNREADABLE_END: _("The end time cannot be read."),
    Reject.IMPOSSIBLE_LOCAL_TIME: _("That local time does not exist: the clock was put forward over it."),
    Reject.REPEATED_LOCAL_TIME: _(
        "That local time happened twice when the clock was put back; the file does not say which."
    ),
    Reject.CLOCK_NOT_SET: _("The date is before the year 2000: the clock of the station was not set."),
    Reject.FUTURE_DATE: _("The date lies in the future."),
    Reject.OPEN_SESSION: _("The session has no end: it was still running, or its end was lost."),
    Reject.END_BEFORE_START: _("The session ends before it starts."),
    Reject.MISSING_ENERGY: _("The energy is missing."),
    Reject.UNREADABLE_ENERGY: _("The energy is not a number."),
    Reject.NEGATIVE_ENERGY: _("The energy is negative: the meter ran backwards or was replaced."),
    Reject.ABSURD_ENERGY: _("The energy is more than 1 MWh: probably the reading of the meter, not the session."),
    Reject.IMPOSSIBLE_POWER: _("No charger can deliver that much energy in the time of the session."),
    Reject.UNREADABLE_SERIES: _("The meter readings cannot be read, or do not lie within the session."),
    Reject.UNKNOWN_SITE: _("The site is not known, and the import was not to add any."),
    Reject.UNKNOWN_STATION: _("The station or connector is not known, and the import was not to add any."),
    Reject.CARD_OF_SEVERAL: _(
        "Several partners have a card of this UID. Say on the card's page which of them is meant."
    ),
    Reject.UNKNOWN_TOKEN: _("The card is not known, and the import was not to add any."),
    Reject.DUPLICATE_IN_FILE: _("Another row of this file has the same session id."),
    Reject.CHANGED: _(
        "The session is known already, with another time, place, card or energy; nothing was overwritten."
    ),
    Reject.PAST_IS_SUMS: _(
        "Of that hour at this site only sums are kept by now: the session is in them already, or comes too late."
    ),
}
#: Why a session waits for a person.
FLAGS: dict[str, str | Promise] = {
    Flag.ZERO_ENERGY: _("No energy was delivered."),
    Flag.NO_TIME: _("Energy was delivered although start and end are the same."),
    Flag.VERY_LONG: _("Lasted more than 24 hours."),
    Flag.ABOVE_POWER: _("More energy than the connector can deliver in that time."),
    Flag.OVERLAP: _("Overlaps another session on the same connector, or is one that another source has told."),
    Flag.SERIES_MISMATCH: _("The meter readings do not add up to the energy of the session."),
    Flag.METER_MISMATCH: _("The meter readings at start and end give a different energy from the file's."),
    Flag.DURATION_MISMATCH: _("The duration in the file does not match its own start and end."),
    Flag.ABOVE_USUAL: _("Far more power than this connector usually gives."),
    Flag.NO_CHARGE: _("No energy, and over within five minutes: a failed attempt that nobody pays for."),
    Flag.REPEATED_ENERGY: _("The energy looks cumulative: it continues from the session before."),
    Flag.NOT_ADMITTED: _("The card was refused, but the station charged all the same."),
    Flag.STATION_CLOCK: _("The station's clock was wrong: the times are those at which its messages came."),
    Flag.START_MISSING: _("The station has not said when the session began: it begins with the first reading."),
    Flag.STOP_MISSING: _(
        "The station has not said when the session ended, so it ends at the last reading. The station may still tell."
    ),
    Flag.METER_MISSING: _("The meter was not read at the start or at the end."),
    Flag.METER_BACKWARDS: _("The meter ran backwards during the session."),
    Flag.METER_UNIT: _(
        "Next to no energy in a long time, as in the last sessions of this station: its meter may count in kWh and "
        "call it Wh."
    ),
    Flag.NOT_PROVEN: _("What the meter signed does not prove the energy of the session."),
    Flag.OUTLET_MISSING: _("The station has not said at which of its outlets it was."),
    Flag.NAME_MISSING: _("The station has not said which charge it spoke of: two charges may have become one."),
    CREDITED: _("It stood on an invoice that was credited."),
    DISPUTED: _("Whoever charged says that something is wrong with it."),
}
#: The facts a column may hold, in the order in which they are asked for.
FACTS: list[tuple[Field, str | Promise]] = [
    (Field.EXTERNAL_ID, _("Session id")),
    (Field.STARTED_AT, _("Start")),
    (Field.ENDED_AT, _("End")),
    (Field.DURATION, _("Duration")),
    (Field.ENERGY, _("Energy")),
    (Field.SITE, _("Site")),
    (Field.STATION, _("Station")),
    (Field.CONNECTOR, _("Connector")),
    (Field.TOKEN, _("Card")),
    (Field.CHARGING_ENDED, _("Charging ended")),
    (Field.CHARGING_TIME, _("Charging time")),
    (Field.IDLE_TIME, _("Idle time")),
    (Field.POWER, _("Power of the station")),
    (Field.STOP_REASON, _("Stop reason")),
    (Field.METER_START, _("Meter at start")),
    (Field.METER_STOP, _("Meter at end")),
    (Field.READINGS, _("Meter readings")),
    (Field.SERIES_START, _("Series: first instant")),
    (Field.SERIES_INTERVAL, _("Series: seconds of a slot")),
    (Field.SERIES_WH, _("Series: Wh of each slot")),
]
#: What helps about each column of a template.
HELP: dict[Field, str | Promise] = {
    Field.EXTERNAL_ID: _("Tells sessions apart. Without it, time and place do."),
    Field.STARTED_AT: _("Date and time, such as 2026-11-28 14:05, in the zone of the heading."),
    Field.ENDED_AT: _("The same way. A duration will do instead."),
    Field.ENERGY: _("In the unit of the heading, with a point or a comma."),
    Field.SITE: _("Where the station stands. If the file has no such column, you are asked."),
    Field.STATION: _("The identifier or the name it has here."),
    Field.CONNECTOR: _("Outlet 1, if nothing is said."),
    Field.TOKEN: _("The card's UID or its printed number. Without it nobody pays until somebody says who."),
}
#: The layouts of well-known files, by name.
PROFILES: dict[str, str | Promise] = {
    "dundee-2018": _("Dundee City Council, charging sessions 2018 (with or without the user's id)"),
    "trondheim-2018": _("Trondheim garages, charging reports 2018 to 2020"),
    "wattledger": _("Wattledger's own format, with meter readings"),
}
#: The orders in which dates are written.
ORDERS: dict[str, str | Promise] = {
    DateOrder.DMY: _("day, month, year"),
    DateOrder.MDY: _("month, day, year"),
    DateOrder.YMD: _("year, month, day"),
}
SENTENCES = {**ERRORS, **QUESTIONS, **ORDERS, **REJECTS, **FLAGS}
#: What a file would add to the network.
NEWS: dict[str, Any] = {
    Thing.SITES: ngettext_lazy("%(count)s new site", "%(count)s new sites", "count"),
    Thing.STATIONS: ngettext_lazy("%(count)s new station", "%(count)s new stations", "count"),
    Thing.CONNECTORS: ngettext_lazy(
        "%(count)s new connector of a known station", "%(count)s new connectors of known stations", "count"
    ),
    Thing.TOKENS: ngettext_lazy("%(count)s new card", "%(count)s new cards", "count"),
}
