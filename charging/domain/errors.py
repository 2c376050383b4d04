"""Everything that can be wrong with the network and its sessions, in words a user may read."""


class ChargingError(Exception):
    """Base of all charging errors. The message names the field and the value and may be shown."""


class UnreadableFile(ChargingError):
    """A file is not what it says it is, or nothing in it looks like charging sessions."""


class WrongColumns(ChargingError):
    """A profile does not fit the columns of a file."""


class UnansweredQuestion(ChargingError):
    """The file does not prove something the import must know, and nobody has said it."""


class ImportRefused(ChargingError):
    """The import cannot start, or cannot go on, in its present state."""


class TokenTaken(ChargingError):
    """A card or an app account belongs to another driver."""


class NothingToReview(ChargingError):
    """A session is not waiting for anybody's decision."""


class NetworkRefused(ChargingError):
    """A site or a station cannot be what was asked for."""
