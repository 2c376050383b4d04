"""What this floor records in the audit log beside changes of rows: acts of sessions, cards and imports."""

from enum import StrEnum


class Event(StrEnum):
    """Codes of events. Stored, so they never change; `portal.words.log.events` has their sentences."""

    MEMBER_SITES_CHANGED = "member.sites_changed"
    SESSION_APPROVED = "session.approved"
    SESSION_ENERGY_ONLY = "session.energy_only"
    SESSION_WRITTEN_OFF = "session.written_off"
    SESSION_CORRECTED = "session.corrected"
    SESSION_CORRECTION_KEPT = "session.correction_kept"
    SESSION_GIVEN = "session.given"
    SESSIONS_IMPORTED = "sessions.imported"
    IMPORT_DISCARDED = "import.discarded"
    IMPORT_UNDONE = "import.undone"
    TOKEN_MERGED = "token.merged"
    TOKEN_PARTED = "token.parted"
    TOKEN_LEFT_TO_PARTNER = "token.left_to_partner"
    STATION_MERGED = "station.merged"
    STATION_PARTED = "station.parted"
    ROWS_MENDED = "import.rows_mended"
    ROWS_LEFT_OUT = "import.rows_left_out"
    STATION_ASKED = "station.asked"
    CARD_NOTICED = "token.oddity_noticed"
    CARD_NOTICE_SEEN = "token.oddity_seen"
    STATION_PASSWORD_MADE = "station.password_made"  # the name of an event
    STATION_BOOT_CHOSEN = "station.boot_chosen"
    STATION_CERTIFICATE_SET = "station.certificate_set"
    STATION_CERTIFICATE_REMOVED = "station.certificate_removed"
    TOKEN_SESSIONS_GIVEN = "token.sessions_given"
