"""Why an act of people, places, keys, invitations or approvals is refused."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from tenants.errors import Code

SENTENCES: dict[str, str | Promise] = {
    Code.TOO_MANY_PASSKEYS: _("You have ten passkeys, which is the most one can have. Remove one first."),
    Code.SECOND_PERSON_NEEDED: _("This needs the approval of a second person here. Ask for it on the page of the act."),
    Code.ROLE_TOO_NEW: _(
        "You have had your role here for less than three days, or got it after this was asked for. Somebody who"
        " has had it for longer asks and decides."
    ),
    Code.APPROVAL_OUTDATED: _("What was asked for has changed since. It has to be asked for again."),
    Code.MAY_NOT_ASK: _("Only somebody who may do this can ask for its approval."),
    Code.REFUSAL_NEEDS_REASON: _("Say why, for the person who asked."),
    Code.NOT_THE_REQUESTER: _("Only the person who asked can withdraw it."),
    Code.OWN_REQUEST: _("You asked for this yourself: somebody else decides."),
    Code.MAY_NOT_APPROVE: _("Only somebody who may do this can approve it."),
    Code.ALREADY_ASKED: _(
        "A second person has already been asked about this. Withdraw that request first, or wait for the answer."
    ),
    Code.APPROVAL_OVER: _("Nothing waits here any more: %(approval_state)s."),
    Code.NOTICE_WITHOUT_WORDS: _("A notice needs words in at least one language."),
    Code.PURPOSE_WITHOUT_NOTICE: _("There are no words for %(purpose)s."),
    Code.NOTICE_CHANGED: _("The words have changed since you opened the page. Read them again, then answer."),
    Code.NOTICE_DRAFT_CHANGED: _("A colleague has changed the words since you read them. Read them again."),
    Code.PURPOSE_TAKEN: _("Drivers are asked about “%(purpose)s” already. Choose another code."),
    Code.PAPER_KIND: _("Attach a PDF, a JPEG or a PNG."),
    Code.PAPER_AHEAD: _("The paper cannot be signed in the future, or before its words were published."),
    Code.PAPER_OVERTAKEN: _("The driver has answered since that day. The later answer holds."),
    Code.REQUEST_AHEAD: _("That day lies ahead. The month begins on the day the request came."),
    Code.REQUEST_CLOSED: _("This request has been closed already."),
    Code.IDENTITY_UNCHECKED: _("Say how you made sure who asks."),
    Code.EXTENSION_WITHOUT_REASON: _("Say why it takes longer: the person reads it."),
    Code.EXTENSION_TOO_LATE: _("It can be extended once, and only within the first month."),
    Code.ANSWER_WITHOUT_WORDS: _("Write an answer: the person reads it."),
    Code.EMAIL_IS_YOURS: _("That is your e-mail address already."),
    Code.CLOSED_BY_OTHERS: _("You run this instance. Another member of the platform takes that from you first."),
    Code.INCIDENT_AHEAD: _("That time is in the future."),
    Code.INCIDENT_BEFORE_KNOWN: _("That was before the incident was known."),
    Code.INCIDENT_BACKWARDS: _("It cannot end before it begins."),
    Code.INCIDENT_LATE: _("This comes after its time. Say why it is late: the authority asks for the reason."),
    Code.INCIDENT_TOLD: _("That has been entered already. Write a note about what has come since."),
    Code.INCIDENT_OVER: _("The incident is closed. Notes can still be added."),
    Code.INCIDENT_OPEN_CLOCKS: _("Somebody still has to be told. Enter it, or say that the risk is another one."),
    Code.INCIDENT_NOBODY: _("There is nobody left to write to."),
    Code.INCIDENT_LETTERS_RUN: _("Letters are on their way already."),
    Code.TRAINING_CHANGED: _("The training has changed since you opened the page. Read it again."),
    Code.TRAINING_WITHOUT_WORDS: _("The training needs words in at least one language."),
    Code.TRAINING_QUESTIONS: _("There are %(count)s questions. The training asks %(fewest)s to %(most)s."),
    Code.TRAINING_LINE: _("Line %(line)s is an answer without words, or without a question above it."),
    Code.TRAINING_ANSWERS: _("“%(question)s” needs two answers or more, all different, and one of them with +."),
    Code.ERASURE_ASKED: _("This person is being erased, or has been."),
    Code.ERASURE_BARRED: _("Something must be settled before this person can be erased."),
    Code.RESET_UNDER_WAY: _("A reset is under way already."),
    Code.GROUP_NAME_TAKEN: _("There is already a group called “%(name)s”."),
    Code.CUSTOMER_NUMBER_TAKEN: _("Another customer has the customer number %(number)s."),
    Code.ORGANISATION_NUMBER_WRONG: _("“%(number)s” is no organisation number of %(country)s: look for a wrong digit."),
    Code.CURRENCY_NOT_BILLED: _(
        "Nothing is billed in “%(currency)s”, as invoices have two decimals. Choose one of %(currencies)s."
    ),
    Code.ADDRESS_NOT_HTTPS: _(
        "An address begins with https:// and has no user name, password, question mark or # in it."
    ),
    Code.ADDRESS_NOT_SFTP: _("This is no address as sftp://user@host/folder, which names no password."),
    Code.DEALER_WITHOUT_BEGINNING: _("Say from which day it buys to resell, or leave its last day and evidence empty."),
    Code.DEALER_ENDS_FIRST: _("It cannot stop reselling before it begins."),
    Code.DEALER_WITHOUT_EVIDENCE: _("Say what shows that it resells, such as its certificate and the answer of VIES."),
    Code.DEALER_WITHOUT_COUNTRY: _("Who resells is taxed where it is established: say its country."),
    Code.DEALER_WITHOUT_VAT_NUMBER: _(
        "Nothing is sold without VAT to a dealer in %(country)s without its VAT number there."
    ),
    Code.GLN_WRONG: _("“%(number)s” is no GLN: thirteen digits, the last of which fits the others."),
    Code.VAT_NUMBER_WRONG: _(
        "“%(number)s” is no VAT number: it begins with the letters of its country, as SE556036079301 does (EL in"
        " Greece, XI in Northern Ireland, CHE in Switzerland, with MWST at the end), and its check digits must be"
        " right."
    ),
    Code.LAST_PLATFORM_MEMBER: _("The platform needs at least one member. Add somebody else first."),
    Code.ACCOUNT_EXISTS: _("%(email)s has an account already."),
    Code.MAILBOX_NOT_PROVED: _(
        "%(email)s has an account, but nobody has proved that the mailbox is theirs. Let them set a new "
        "password by mail first (“Forgotten your password?”)."
    ),
    Code.ALREADY_PLATFORM_MEMBER: _("%(email)s is a member of the platform already."),
    Code.KEY_HAS_SUCCESSOR: _("This key has a successor already. Rotate that one."),
    Code.KEY_OVERLAP: _("The old key can go on working for an hour, a day or a week."),
    Code.KEY_LIFETIME: _("A key works for a year at most."),
    Code.KEY_WITHOUT_SCOPES: _("A key needs something it may do."),
    Code.NO_KEY_SCOPE: _("%(scope)s is no scope of an API key."),
    Code.SCOPE_BEYOND_MAKER: _("You cannot give a key more than you may do yourself: %(permission)s."),
    Code.KEY_ENDED: _("This key no longer works. Make a new one."),
    Code.LINK_ENDED: _("This link no longer works."),
    Code.RUNS_THE_INSTANCE: _(
        "This person runs the instance, so they get no place among an operator's staff. They come on a visit."
    ),
    Code.DRIVER_AMONG_STAFF: _("A driver is invited from the driver's own page."),
    Code.HAS_ROLE: _("This person has that role already."),
    Code.OPERATOR_HAS_OWNER: _("%(operator)s has an owner. Ask them to invite others."),
    Code.DRIVER_WITHOUT_ADDRESS: _("The driver has no e-mail address to invite."),
    Code.DRIVER_SIGNS_IN: _("The driver can sign in already."),
    Code.INVITATION_OF_ANOTHER: _("This invitation is for another address."),
    Code.SIGN_IN_TO_ACCEPT: _("There is an account with this address by now. Sign in to accept the invitation."),
    Code.ROLE_WITHOUT_SITES: _("Only these roles can be limited to some sites: %(roles)s."),
    Code.INVITATION_ACCEPTED: _("This invitation was accepted already."),
    Code.INVITATION_WITHDRAWN: _("This invitation was withdrawn already."),
    Code.ANOTHER_DRIVER: _("You are another driver of this operator already."),
    Code.LAST_OWNER: _("An operator needs an owner. Make somebody else an owner first."),
    Code.UNKNOWN_ROLE: _("There is no role %(named)s."),
    Code.UNKNOWN_ACT: _("There is no act %(named)s."),
    Code.OWNER_LEFT_LATELY: _(
        "Another owner lost their place here less than three days ago. Until three days have passed, nobody "
        "switches this off alone."
    ),
    Code.REASON_TOO_SHORT: _("The operator reads the reason: write at least %(n)d characters."),
    Code.VISIT_TOO_LONG: _("A visit lasts at most four hours."),
    Code.NOT_OF_THE_PLATFORM: _("Only members of the platform visit operators."),
    Code.OPERATOR_CLOSED: _("%(operator)s is closed."),
    Code.CHANGES_NOT_ALLOWED: _("No owner of %(operator)s allows changes at present."),
    Code.OPERATOR_STATE: _("%(operator)s is %(operator_state)s: this cannot be done."),
    Code.OWN_FACTOR: _("You cannot reset your own second factor. Ask another owner."),
    Code.FACTOR_OF_THE_PLATFORM: _("This person runs the instance; only the platform can help."),
    Code.FACTOR_ELSEWHERE: _(
        "This person works for another operator as well, so nobody here can reset their second factor."
    ),
    Code.NO_FACTOR: _("This person has no second factor."),
    Code.LETTERS_UNCOUNTED: _("Invitations cannot be sent for a moment. Try again in a minute."),
    Code.LETTERS_ENOUGH: _("Enough invitations for now: %(name)s. The next one can be sent in %(wait_s)s."),
}
