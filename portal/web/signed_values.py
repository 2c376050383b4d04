"""What the meter signed about a session: told on its pages, and as a file for the transparency software."""

from collections.abc import Iterable, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from charging.domain.ocpp import SOURCE
from charging.domain.signed import receipt
from charging.domain.signed.proof import Proof, Verdict
from charging.models import ChargingSession, MeterKey, MeterRule, SignedRecord
from charging.selectors import signed_values as selectors
from portal.words import signed_values as words
from tenants.crypto import Shut


def told(session: ChargingSession) -> words.Told | None:
    """Return what the session's page tells; None of a session that goes on, or of which nobody expects a signature."""
    if session.source != SOURCE or session.state != ChargingSession.State.COMPLETED:
        return None
    proof = _proof(session)
    is_absent = proof.verdict == Verdict.ABSENT
    if is_absent and selectors.demand() == MeterRule.Demand.NOTHING and not selectors.has_key([session]):
        return None
    return words.told(
        proof,
        zone=session.site.zone,
        public_key=_public_key(proof),
        has_file=not is_absent and proof.verdict != Verdict.KEPT,
    )


def answer(session: ChargingSession) -> HttpResponse:
    """Send the records as they came, with the public key that is registered for them."""
    records = selectors.records(session)
    if not records or selectors.is_kept(records):
        raise Http404
    response = HttpResponse(_file(session, records), content_type="application/xml")
    name = f"{session.external_id}.xml"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def all_of(sessions: Iterable[ChargingSession]) -> HttpResponse:
    """Send what meters signed about these sessions, a file each in one ZIP; 404 where there is nothing.

    Raises `Shut`: it is kept for bookkeeping, and is not read for that or its day is over.
    """
    found = [(session, selectors.records(session)) for session in sessions]
    if not any(records for _session, records in found):
        raise Http404
    if any(selectors.is_kept(records) for _session, records in found):
        raise Shut
    content = BytesIO()
    with ZipFile(content, "w", ZIP_DEFLATED) as archive:
        for session, records in found:
            if records:
                archive.writestr(f"{session.external_id}.xml", _file(session, records))
    response = HttpResponse(content.getvalue(), content_type="application/zip")
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename="signed.zip") or ""
    return response


def _file(session: ChargingSession, records: Sequence[SignedRecord]) -> bytes:
    key = _public_key(_proof(session))
    return receipt.written(session.external_id, [(row.raw, row.context) for row in records], key)


def _proof(session: ChargingSession) -> Proof:
    return next(iter(selectors.proofs([session]).values()), Proof(Verdict.ABSENT))


def _public_key(proof: Proof) -> str:
    if not proof.key:
        return ""
    return MeterKey.objects.values_list("public_key", flat=True).filter(pk=proof.key).first() or ""
