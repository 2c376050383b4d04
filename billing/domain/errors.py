"""Every way pricing can fail, as typed errors that name the field and the value.

One base class for the whole floor: its message is a sentence a user may read, so pages show it as a message, the API
as problem details and the command line as a line of JSON, one handler each. Nothing here knows who reads it.

`code` is stable and meant for machines; `field` is the path of the offending field in the words of its source (OCPI
for tariffs and charge detail records); `value` is what stood there.
"""

from __future__ import annotations

from typing import ClassVar


class BillingError(Exception):
    """Something cannot be billed. The message may be read by a user."""

    code: ClassVar[str] = "billing_error"

    def __init__(self, message: str, *, field: str = "", value: object = None) -> None:
        super().__init__(message)
        self.message = message
        self.field = field
        self.value = value

    def __str__(self) -> str:
        return self.message


class TariffError(BillingError):
    """A tariff document says something that cannot be priced."""

    code = "invalid_tariff"


class UnknownComponent(TariffError):
    """A price component of a type this engine does not know; skipping it would give the dimension away."""

    code = "unknown_component"


class TariffNotValid(TariffError):
    """The session started outside the tariff's validity."""

    code = "tariff_not_valid"


class UnknownTariff(TariffError):
    """A period names a tariff that was not given."""

    code = "unknown_tariff"


class MixedCurrencies(TariffError):
    """One session is priced by tariffs of different currencies; their amounts cannot be added."""

    code = "mixed_currencies"


class SessionError(BillingError):
    """A session says something that cannot be priced."""

    code = "invalid_session"


class Unmetered(SessionError):
    """There is nothing to price energy by. A lost reading must not become a free session."""

    code = "unmetered"


class NegativeQuantity(SessionError):
    """A measured quantity is below zero, or a meter ran backwards."""

    code = "negative_quantity"


class UnknownDimension(SessionError):
    """A charging period holds a dimension this engine does not know; skipping it could give something away."""

    code = "unknown_dimension"


class EndsBeforeStart(SessionError):
    """A session ends before it starts."""

    code = "ends_before_start"


class OutsideSession(SessionError):
    """An instant that belongs to a session lies outside it."""

    code = "outside_session"


class TooLarge(SessionError):
    """A quantity is beyond what any meter can have counted; see `quantities.LIMIT`."""

    code = "too_large"


class UnknownZone(SessionError):
    """A time zone name that the IANA database does not have."""

    code = "unknown_time_zone"


class MoneyError(BillingError):
    """A currency or amount that cannot be used."""

    code = "invalid_money"


class InvoiceError(BillingError):
    """Invoice arithmetic or numbering was asked for something impossible."""

    code = "invalid_invoice"
