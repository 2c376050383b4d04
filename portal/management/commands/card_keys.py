"""Print what the gateway is given to find cards by, for a gateway on a machine of its own."""

import base64
from typing import Any

from django.core.management.base import BaseCommand

from tenants import crypto


class Command(BaseCommand):
    """They mark numbers of cards and open nothing; still a secret, as UIDs can be guessed with them."""

    help = "Print CARD_KEYS: what `python -m portal.gateway` needs to find cards by, made of the instance's keys."

    def handle(self, **_: Any) -> None:
        self.stdout.write(" ".join(base64.b64encode(key).decode() for key in crypto.card_keys()))
