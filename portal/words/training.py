"""The training that an operator begins with, in every language, and how a member stands in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from tenants.selectors import training
from tenants.training import Course, Question, State

STATES: dict[State, tuple[str | Promise, str]] = {
    State.DONE: (gettext_lazy("confirmed"), "good"),
    State.DUE: (gettext_lazy("to be confirmed"), "warn"),
    State.OVERDUE: (gettext_lazy("late"), "bad"),
}


def in_force(language: str) -> Course:
    """The words a member reads now: the operator's own, or the portal's."""
    return training.in_force(language) or portals_own(language)


def portals_own(language: str) -> Course:
    """The portal's own training, version 0."""
    with override(language):
        return Course(0, language, _("Security and privacy"), "\n\n".join(_paragraphs()), _questions())


def _paragraphs() -> list[str]:
    return [
        _(
            "In the portal you see where and when people charged, what they pay and how to reach them. Whoever knows"
            " that knows a good deal about their lives. Take ten minutes a year so that it stays where it belongs."
        ),
        _(
            "Look only at what your work asks for. Being able to open a page is no reason to. Each look at a driver is"
            " recorded, and the driver has a right to know who looked."
        ),
        _(
            "Your sign-in is yours alone. Nobody borrows it, not even for a minute: what is done with it is done in"
            " your name. Use a long password that you use nowhere else, and a second factor. Lock the screen when you"
            " leave it. Nobody here will ever ask you for your password or a code, on the phone either."
        ),
        _(
            "Letters that hurry you are often false. Do not sign in by a link in a letter you did not expect: open the"
            " portal as you always do, and tell a colleague who looks after security."
        ),
        _(
            "Take out as little as you can. A file you have downloaded is in your care: never in private mail, never on"
            " a memory stick, and gone once it has been used."
        ),
        _(
            "Whoever asks about their own data has a right to an answer within a month. They need not name a law or use"
            " a form. Pass it on the same day. Before you tell anybody anything, make sure who asks: call back on the"
            " number we have."
        ),
        _(
            "When something goes wrong, say so at once: a lost phone, a letter to the wrong person, a sign-in that you"
            " did not make. The authority has to be told within 72 hours, sometimes warned within 24, and those hours"
            " count from when the first of us knew. Nobody is blamed for reporting."
        ),
    ]


def _questions() -> tuple[Question, ...]:
    return (
        Question(
            _("A new colleague has no sign-in yet and asks to use yours for an hour. What do you do?"),
            (
                _("Lend it, and change the password afterwards."),
                _("Ask an owner to invite them: everybody signs in as themselves."),
                _("Lend it, and sit beside them."),
            ),
            1,
        ),
        Question(
            _("Your neighbour has a new electric car, and you wonder where they charge. May you look?"),
            (
                _("Yes, if I tell nobody."),
                _("Yes, since my role lets me open the page."),
                _("No: I look only at what my work asks for."),
            ),
            2,
        ),
        Question(
            _("Somebody calls, gives a customer number and asks which address we have. What do you do?"),
            (
                _("Call back on the number we have before I say anything."),
                _("Read it out: they know the customer number."),
                _("Send it to an e-mail address that they give me."),
            ),
            0,
        ),
        Question(
            _("A letter says that your account will be closed today unless you sign in by its link. What do you do?"),
            (
                _("Sign in quickly, so that nothing is lost."),
                _("Leave the link alone, open the portal as usual, and report the letter."),
                _("Forward it to everybody, to hear what they think."),
            ),
            1,
        ),
        Question(
            _("You have sent a list of drivers to the wrong person. They promise to delete it. What do you do?"),
            (
                _("Nothing more: it has been deleted."),
                _("Tell somebody when I next see them."),
                _("Report it at once: the hours count from now."),
            ),
            2,
        ),
        Question(
            _("A driver writes: “Erase everything you have about me.” What do you do?"),
            (
                _("Pass it on today: it is a request under data protection law, with a month to answer."),
                _("Answer no, since invoices have to be kept."),
                _("Delete what I find myself, and say nothing."),
            ),
            0,
        ),
    )
