"""Everything that can be wrong with the network and its sessions: a code for each. `portal.words.imports` says them."""

from enum import StrEnum

from tenants.coded import Coded


class Code(StrEnum):
    """Why a site, a station, a card, a file or an import cannot be what was asked for. Stable."""

    NO_SUCH_SITE = "no_such_site"
    SEES_SOME_SITES = "sees_some_sites"
    SITE_IN_SIGHT_OF_SOME = "site_in_sight_of_some"
    STATION_IN_SIGHT_OF_SOME = "station_in_sight_of_some"
    SITE_NAME_TAKEN = "site_name_taken"
    CONNECTOR_NUMBER_TWICE = "connector_number_twice"
    STATION_TAKEN = "station_taken"
    COMMAND_NO_LINK = "command_no_link"
    COMMAND_NOT_ACCEPTED = "command_not_accepted"
    COMMAND_CONNECTOR = "command_connector"
    COMMAND_PASSWORD = "command_password"  # noqa: S105  # the name of a refusal
    COMMAND_NEEDS_CONNECTION = "command_needs_connection"
    COMMAND_SHARED = "command_shared"
    COMMAND_CARD_REFUSED = "command_card_refused"
    COMMANDS_WAIT = "commands_wait"
    TEMPLATE_TAKEN = "template_taken"
    TEMPLATE_TOO_LONG = "template_too_long"
    TEMPLATE_SECRET = "template_secret"  # noqa: S105  # the name of a refusal
    METER_KEY_UNREADABLE = "meter_key_unreadable"
    CERTIFICATE_UNREADABLE = "certificate_unreadable"
    CERTIFICATE_EXPIRED = "certificate_expired"
    METER_KEY_CURVE = "meter_key_curve"
    METER_KEY_KIND = "meter_key_kind"
    METER_KEY_TWICE = "meter_key_twice"
    METER_KEY_DAYS = "meter_key_days"
    START_STATION_AWAY = "start_station_away"
    START_OUTLET_TAKEN = "start_outlet_taken"
    CARD_TAKEN = "card_taken"
    CARD_OF_PARTNER = "card_of_partner"
    CARD_HAS_HOLDER = "card_has_holder"
    PARTNER_NEEDS_WHITELIST = "partner_needs_whitelist"
    OWN_CARD_GOES_FIRST = "own_card_goes_first"
    CARD_IN_USE = "card_in_use"
    NOT_A_NAMESAKE = "not_a_namesake"
    PARTNER_NEEDS_TOKEN = "partner_needs_token"  # noqa: S105  # the name of a refusal
    NOT_A_PARTNER = "not_a_partner"
    CARD_BLOCKED_BY_STAFF = "card_blocked_by_staff"
    HELD_BACKWARDS = "held_backwards"
    NO_TIME_ZONE = "no_time_zone"
    SERIES_STEP = "series_step"
    SERIES_LENGTH = "series_length"
    SERIES_NEGATIVE = "series_negative"
    REGISTER_READ_ONCE = "register_read_once"
    READINGS_OUT_OF_ORDER = "readings_out_of_order"
    PROFILE_NAME = "profile_name"
    NO_SUCH_PROFILE = "no_such_profile"
    IMPORT_STARTED = "import_started"
    IMPORT_NOT_DONE = "import_not_done"
    IMPORT_NOT_MENDED = "import_not_mended"
    ROW_SETTLED = "row_settled"
    IMPORT_HELD_LATER = "import_held_later"
    IMPORT_BILLED = "import_billed"
    UPLOADS_OF_ONE = "uploads_of_one"
    UPLOADS_OF_ALL = "uploads_of_all"
    NOT_WAITING_FOR_REVIEW = "not_waiting_for_review"
    REVIEWED_ON_DRAFT = "reviewed_on_draft"
    REVIEWED_CARD_BILLED = "reviewed_card_billed"
    CARD_HELD_BY_NOBODY = "card_held_by_nobody"
    MERGED_ITSELF = "merged_itself"
    MERGED_ALREADY = "merged_already"
    MERGED_STANDS_FOR_OTHERS = "merged_stands_for_others"
    MERGED_OF_TWO_HOLDERS = "merged_of_two_holders"
    MERGED_OF_TWO_PAYERS = "merged_of_two_payers"
    MERGED_AT_TWO_SITES = "merged_at_two_sites"
    MERGED_AT_ONCE = "merged_at_once"
    MERGED_TOO_MANY = "merged_too_many"
    PARTED_BILLED = "parted_billed"
    PARTED_HELD_SINCE = "parted_held_since"
    NOT_MERGED = "not_merged"
    CORRECTED_ON_INVOICE = "corrected_on_invoice"
    CORRECTED_ON_DRAFT = "corrected_on_draft"
    CORRECTED_WRITTEN_OFF = "corrected_written_off"
    CORRECTED_STATION_UNKNOWN = "corrected_station_unknown"
    CORRECTED_CARD_UNKNOWN = "corrected_card_unknown"
    FILE_EMPTY = "file_empty"
    SHEET_EMPTY = "sheet_empty"
    FILE_NOT_OF_ENCODING = "file_not_of_encoding"
    FILE_BREAKS_OFF = "file_breaks_off"
    FILE_NOT_TEXT = "file_not_text"
    FILE_OF_DELIMITERS = "file_of_delimiters"
    FILE_TOO_WIDE = "file_too_wide"
    HEADING_TOO_LONG = "heading_too_long"
    NOT_JSON_LINES = "not_json_lines"
    TOO_MANY_KEYS = "too_many_keys"
    NOT_A_WORKBOOK = "not_a_workbook"
    WORKBOOK_WITHOUT_ROWS = "workbook_without_rows"
    WORKBOOK_TOO_LARGE = "workbook_too_large"
    WORKBOOK_TOO_WIDE = "workbook_too_wide"
    FILE_TOO_LARGE = "file_too_large"
    FILE_DAMAGED = "file_damaged"
    FILE_UNREADABLE = "file_unreadable"
    READING_ANSWER_TOO_LONG = "reading_answer_too_long"
    READING_SILENT = "reading_silent"
    READING_TOO_SLOW = "reading_too_slow"
    READING_TOO_LARGE = "reading_too_large"
    COLUMN_LACKING = "column_lacking"
    FACTS_WITHOUT_COLUMN = "facts_without_column"
    NO_SUCH_SETTING = "no_such_setting"
    SETTING_VALUE = "setting_value"
    QUESTION_OPEN = "question_open"
    QUESTION_OPEN_AT = "question_open_at"
    COLUMN_OPEN = "column_open"
    ORDER_DISPROVED = "order_disproved"
    SIGN_DISPROVED = "sign_disproved"
    JSON_WITHOUT_LIST = "json_without_list"
    JSON_WITH_LISTS = "json_with_lists"
    FILE_OF_ANOTHER_KIND = "file_of_another_kind"


class ChargingError(Coded):
    """Base of all charging errors. Its facts name the field and the value."""


class UnreadableFile(ChargingError):
    """A file is not what it says it is, or nothing in it looks like charging sessions."""


class WrongColumns(ChargingError):
    """A profile does not fit the columns of a file."""


class UnansweredQuestion(ChargingError):
    """The file does not prove something the import must know, and nobody has said it."""


class ImportRefused(ChargingError):
    """The import cannot start, or cannot go on, in its present state."""


class TokenTaken(ChargingError):
    """There is a card or an app account with that number already."""


class HolderRefused(ChargingError):
    """Nobody can have had a card for the time that was said."""


class PartnerCardRefused(ChargingError):
    """A card cannot be a partner's, or what it is asked to be while it is one."""


class CardBlockedByStaff(ChargingError):
    """A driver cannot lift what staff have blocked."""


class NothingToReview(ChargingError):
    """A session is not waiting for anybody's decision."""


class MergeRefused(ChargingError):
    """Two cards, or two stations, cannot be one, or cannot be two again."""


class NetworkRefused(ChargingError):
    """A site or a station cannot be what was asked for."""


class MeterKeyRefused(ChargingError):
    """A meter's key cannot be read, or cannot hold on those days."""


class CommandRefused(ChargingError):
    """A station cannot be asked for this, or not now."""
