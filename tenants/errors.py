"""What this floor refuses: a code for each reason. `portal.words.refusals` says them."""

from enum import StrEnum

from tenants.coded import Coded


class Code(StrEnum):
    """Why an act is not possible as things are. Stable: machines are told these."""

    TOO_MANY_PASSKEYS = "too_many_passkeys"
    SECOND_PERSON_NEEDED = "second_person_needed"
    ROLE_TOO_NEW = "role_too_new"
    APPROVAL_OUTDATED = "approval_outdated"
    MAY_NOT_ASK = "may_not_ask"
    REFUSAL_NEEDS_REASON = "refusal_needs_reason"
    NOT_THE_REQUESTER = "not_the_requester"
    OWN_REQUEST = "own_request"
    MAY_NOT_APPROVE = "may_not_approve"
    ALREADY_ASKED = "already_asked"
    APPROVAL_OVER = "approval_over"
    NOTICE_WITHOUT_WORDS = "notice_without_words"
    PURPOSE_WITHOUT_NOTICE = "purpose_without_notice"
    NOTICE_CHANGED = "notice_changed"
    RESET_UNDER_WAY = "reset_under_way"
    GROUP_NAME_TAKEN = "group_name_taken"
    CUSTOMER_NUMBER_TAKEN = "customer_number_taken"
    LAST_PLATFORM_MEMBER = "last_platform_member"
    ACCOUNT_EXISTS = "account_exists"
    MAILBOX_NOT_PROVED = "mailbox_not_proved"
    ALREADY_PLATFORM_MEMBER = "already_platform_member"
    KEY_HAS_SUCCESSOR = "key_has_successor"
    KEY_OVERLAP = "key_overlap"
    KEY_LIFETIME = "key_lifetime"
    KEY_WITHOUT_SCOPES = "key_without_scopes"
    NO_KEY_SCOPE = "no_key_scope"
    SCOPE_BEYOND_MAKER = "scope_beyond_maker"
    KEY_ENDED = "key_ended"
    LINK_ENDED = "link_ended"
    RUNS_THE_INSTANCE = "runs_the_instance"
    DRIVER_AMONG_STAFF = "driver_among_staff"
    HAS_ROLE = "has_role"
    OPERATOR_HAS_OWNER = "operator_has_owner"
    DRIVER_WITHOUT_ADDRESS = "driver_without_address"
    DRIVER_SIGNS_IN = "driver_signs_in"
    INVITATION_OF_ANOTHER = "invitation_of_another"
    SIGN_IN_TO_ACCEPT = "sign_in_to_accept"
    ROLE_WITHOUT_SITES = "role_without_sites"
    INVITATION_ACCEPTED = "invitation_accepted"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    ANOTHER_DRIVER = "another_driver"
    LAST_OWNER = "last_owner"
    UNKNOWN_ROLE = "unknown_role"
    UNKNOWN_ACT = "unknown_act"
    OWNER_LEFT_LATELY = "owner_left_lately"
    REASON_TOO_SHORT = "reason_too_short"
    VISIT_TOO_LONG = "visit_too_long"
    NOT_OF_THE_PLATFORM = "not_of_the_platform"
    OPERATOR_CLOSED = "operator_closed"
    CHANGES_NOT_ALLOWED = "changes_not_allowed"
    OPERATOR_STATE = "operator_state"
    OWN_FACTOR = "own_factor"
    FACTOR_OF_THE_PLATFORM = "factor_of_the_platform"
    FACTOR_ELSEWHERE = "factor_elsewhere"
    NO_FACTOR = "no_factor"
    LETTERS_UNCOUNTED = "letters_uncounted"
    LETTERS_ENOUGH = "letters_enough"


class Refused(Coded):
    """An act that is not possible as things are; whoever tried is told why."""

    def __init__(self, code: Code, /, **facts: object) -> None:
        super().__init__(code, **facts)
