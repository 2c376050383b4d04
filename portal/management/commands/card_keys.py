"""Print what the gateway is given to find cards by, for a gateway on a machine of its own."""

import base64
from typing import Any

from django.core.management.base import BaseCommand

from tenants import crypto


class Command(BaseCommand):
    """They mark numbers of cards and seal what stations say. A secret: with them and the database that is read."""

    help = "Print CARD_KEYS: with what `python -m portal.gateway` finds cards and seals what stations say."

    def handle(self, **_: Any) -> None:
        self.stdout.write(" ".join(base64.b64encode(key).decode() for key in crypto.card_keys()))
