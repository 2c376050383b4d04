"""The chain with its entries as a file that `bin/verify-seals` checks with nothing else at hand."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from tenants import crypto
from tenants.log import chain
from tenants.log.written import written
from tenants.models import AuditSeal
from tenants.scoping import current_operator_id


def export_lines(first: int = 1, last: int | None = None) -> Iterator[str]:
    """The current operator's chain as JSON lines, or the stretch of it between two seals, by their numbers.

    First a line about the export, with the seal after which a stretch begins; then each seal, followed by its entries
    exactly as they were hashed.
    """
    eras = dict(AuditSeal.objects.order_by("number").values_list("number", "above_id"))
    wanted = [number for number in eras if first <= number and (last is None or number <= last)]
    keys = [chain.key_name(key.public_key()) for key in crypto.signing_keys()]
    about: dict[str, Any] = {"operator_id": current_operator_id(), "seals": len(wanted), "public_keys": keys}
    if first > 1:
        about["after"] = _facts(AuditSeal.objects.get(number=first - 1))
    yield json.dumps({"audit_log": about})
    for number in wanted:
        seal = AuditSeal.objects.get(number=number)
        yield json.dumps({"seal": _facts(seal)})
        yield from (
            text
            for _, text in written(
                form=seal.form,
                from_xid=seal.from_xid,
                to_xid=seal.to_xid,
                above_id=seal.above_id,
                up_to_id=chain.ceiling(seal, eras),
            )
        )


def _facts(seal: AuditSeal) -> dict[str, Any]:
    facts = asdict(chain.facts_of(seal))
    return {**facts, "hash": seal.hash, "key_id": seal.key_id, "signature": seal.signature}
