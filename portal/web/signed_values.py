"""What the meter signed about a session: told on its pages, and as a file for the transparency software."""

from django.http import Http404, HttpResponse
from django.utils.http import content_disposition_header

from charging.domain.ocpp import SOURCE
from charging.domain.signed import receipt
from charging.domain.signed.proof import Proof, Verdict
from charging.models import ChargingSession, MeterKey, MeterRule
from charging.selectors import signed_values as selectors
from portal.words import signed_values as words


def told(session: ChargingSession) -> words.Told | None:
    """Return what the session's page tells; None of a session that goes on, or of which nobody expects a signature."""
    if session.source != SOURCE or session.state != ChargingSession.State.COMPLETED:
        return None
    proof = _proof(session)
    is_absent = proof.verdict == Verdict.ABSENT
    if is_absent and selectors.demand() == MeterRule.Demand.NOTHING and not selectors.has_key([session]):
        return None
    return words.told(proof, zone=session.site.zone, public_key=_public_key(proof), has_file=not is_absent)


def answer(session: ChargingSession) -> HttpResponse:
    """Send the records as they came, with the public key that is registered for them."""
    records = selectors.records(session)
    if not records:
        raise Http404
    key = _public_key(_proof(session))
    file = receipt.written(session.external_id, [(row.raw, row.context) for row in records], key)
    response = HttpResponse(file, content_type="application/xml")
    name = f"{session.external_id}.xml"
    response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=name) or ""
    return response


def _proof(session: ChargingSession) -> Proof:
    return next(iter(selectors.proofs([session]).values()), Proof(Verdict.ABSENT))


def _public_key(proof: Proof) -> str:
    if not proof.key:
        return ""
    return MeterKey.objects.values_list("public_key", flat=True).filter(pk=proof.key).first() or ""
