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


def export_lines() -> Iterator[str]:
    """The current operator's chain as JSON lines.

    First a line about the export; then each seal, followed by its entries exactly as they were hashed.
    """
    eras = dict(AuditSeal.objects.order_by("number").values_list("number", "above_id"))
    keys = [chain.key_name(key.public_key()) for key in crypto.signing_keys()]
    yield json.dumps({"audit_log": {"operator_id": current_operator_id(), "seals": len(eras), "public_keys": keys}})
    for seal in chain.seals():
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
