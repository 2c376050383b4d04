"""What the process that `apart` starts does with a file of payments; `tenants.strangers` shuts it in."""

from typing import Any, BinaryIO

from billing.bank_files import bgmax, camt, packed
from billing.bank_files.told import Told, UnreadablePayments
from tenants.strangers import inside
from tenants.strangers.inside import Messages


def _read(stored: BinaryIO, _job: dict[str, Any]) -> Messages:
    beginning = packed.plain(stored).read(64)
    told = Told("")
    if bgmax.is_bgmax(beginning):
        read = bgmax.read
    elif camt.is_xml(beginning):
        read = camt.read
    else:
        raise UnreadablePayments
    for payments in read(packed.plain(stored), told):
        yield {"rows": [payment.to_json() for payment in payments], "at": stored.tell()}, []
    yield {"told": told.to_json()}, []


if __name__ == "__main__":
    inside.work({"read": _read})
