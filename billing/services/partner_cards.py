"""Who has issued a card: the operator itself, or a roaming partner, who then pays for what is charged with it."""

from django.db import transaction

from billing.services import account_moves
from billing.services.account_moves import Moved
from charging.models import Token
from charging.services import tokens
from charging.site_scope import limited_to
from tenants.models import Account


@transaction.atomic
@limited_to(None)  # a card is used at every site
def issue(token: Token, *, issuer: Account | None, whitelist: str = "", is_valid: bool = True) -> Moved:
    """Say who has issued the card. Where that is somebody else than before, its sessions on no invoice follow.

    Raises as `charging.services.tokens.issue`.
    """
    # Of two who say so at once, the second sees what the first has said.
    token.refresh_from_db(from_queryset=Token.objects.select_for_update())
    before = token.issuer_id
    tokens.issue(token, issuer=issuer, whitelist=whitelist, is_valid=is_valid)
    return account_moves.move(token, to=issuer) if token.issuer_id != before else Moved(0, 0)
