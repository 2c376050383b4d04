"""Who has issued a card: the operator itself, or a roaming partner, who then pays for what is charged with it.

And how one of the operator's own goes that hides a partner's and is nobody's.
"""

from django.db import transaction

from billing.models import BilledFee
from billing.services import account_moves
from billing.services.account_moves import Moved
from charging.domain.errors import Code, PartnerCardRefused
from charging.events import Event
from charging.models import Token
from charging.selectors import tokens as cards
from charging.services import card_rules, tokens
from charging.site_scope import limited_to
from tenants.log.audit import record
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


@limited_to(None)  # a card is used at every site
def may_go(token: Token) -> bool:
    """Whether the card is the operator's own and nothing says anything of it, so that it can be removed."""
    return token.issuer_id is None and cards.is_untouched(token) and not BilledFee.objects.filter(token=token).exists()


@transaction.atomic
@limited_to(None)  # a card is used at every site
def remove(token: Token, *, left_to: Token | None = None) -> Token:
    """Remove a card of the operator's own that nobody ever had or charged with; return what it was.

    left_to: the partner's card of that UID which is meant from now on; None where nobody says so. Then whoever else
    has a card of that UID is meant as ever, and where nobody has one the UID is unknown.

    Raises:
        PartnerCardRefused: the card is in use, or was; or the other one is no partner's of that UID.
    """
    # A session that begins with it meanwhile waits for this and is refused; who brings it tries again without the card.
    token = Token.objects.select_for_update().get(pk=token.pk)
    if not may_go(token):
        raise PartnerCardRefused(Code.CARD_IN_USE, card=str(token))
    if left_to is not None and (left_to.issuer_id is None or not cards.namesakes(token).filter(pk=left_to.pk).exists()):
        raise PartnerCardRefused(Code.NOT_A_NAMESAKE, card=str(left_to))
    token.delete()
    if left_to is None:
        card_rules.tell()
    else:
        tokens.settle(left_to)
        record(Event.TOKEN_LEFT_TO_PARTNER, about=left_to, card=token.log_name)
    return token
