"""E-invoices to an address of an access point, signed (docs/runbooks/sending-e-invoices.md).

A parcel is posted with its key, by which one that comes twice is known; `GET <address>/<key>` says what became of it.
Both are signed as Standard Webhooks are: HMAC-SHA256 over key, time and body.
"""

import base64
import hmac
from dataclasses import dataclass, replace
from typing import Final

from billing.e_invoices.ways import Answer, Became, Parcel, read
from tenants import outside
from tenants.outside import NotReached, Reply, Target

#: What says that the document itself is refused. Every other failure is of the address or the moment, and tried again.
_REFUSALS: Final = {400: "http_400", 413: "http_413", 415: "http_415", 422: "http_422"}
_KNOWN: Final = 409


@dataclass(frozen=True, slots=True)
class Https:
    """The address of an access point, and the secret it knows us by."""

    target: Target
    secret: bytes

    def prepare(self, parcel: Parcel) -> None:
        """Nothing is needed before."""

    def send(self, parcel: Parcel) -> Answer:
        """Post it."""
        headers = {"content-type": parcel.content_type, "content-disposition": f'attachment; filename="{parcel.name}"'}
        reply = outside.request(
            "POST", self.target, headers=headers | self._signed(parcel, parcel.content), body=parcel.content
        )
        if reply.status == _KNOWN:
            return Answer(Became.SENT)
        if reply.status in _REFUSALS:
            return replace(
                read(reply.body), became=Became.REFUSED, code=read(reply.body).code or _REFUSALS[reply.status]
            )
        return _told(reply)

    def ask(self, parcel: Parcel) -> Answer | None:
        """Ask for it by its key."""
        target = replace(self.target, path=f"{self.target.path.rstrip('/')}/{parcel.key}")
        reply = outside.request("GET", target, headers=self._signed(parcel, b""))
        return None if reply.status == 404 else _told(reply)

    def _signed(self, parcel: Parcel, body: bytes) -> dict[str, str]:
        at = str(int(parcel.at.timestamp()))
        digest = hmac.digest(self.secret, b".".join([parcel.key.encode(), at.encode(), body]), "sha256")
        signature = base64.b64encode(digest).decode()
        return {"webhook-id": parcel.key, "webhook-timestamp": at, "webhook-signature": f"v1,{signature}"}


def _told(reply: Reply) -> Answer:
    if not 200 <= reply.status < 300:
        raise NotReached(f"http_{reply.status}")
    return read(reply.body)
