from concurrent.futures import ThreadPoolExecutor

import pytest

from portal.gate import throttle
from portal.gate.throttle import Limit, TooMany


def admitted(limit, who):
    try:
        throttle.admit(limit, who)
    except TooMany:
        return False
    return True


def test_a_hundred_attempts_at_once_admit_exactly_the_allowed_number():
    limit = Limit("test", burst=7, every_s=600)
    with ThreadPoolExecutor(32) as pool:
        answers = list(pool.map(lambda _: admitted(limit, "olga"), range(100)))
    assert sum(answers) == 7


def test_people_are_counted_apart_and_forgotten_when_they_prove_themselves():
    limit = Limit("test", burst=1, every_s=600)
    assert admitted(limit, "olga")
    assert not admitted(limit, "olga")
    assert admitted(limit, "otto")
    throttle.forget(limit, "olga")
    assert admitted(limit, "olga")


def test_the_wait_is_told_and_refused_attempts_do_not_lengthen_it():
    limit = Limit("test", burst=2, every_s=100)
    for _ in range(2):
        throttle.admit(limit, "olga")
    waits = []
    for _ in range(3):
        with pytest.raises(TooMany) as refusal:
            throttle.admit(limit, "olga")
        waits.append(refusal.value.retry_after_s)
    assert max(waits) <= 100
    assert min(waits) >= 98


def test_no_address_stands_in_redis_in_clear():
    throttle.admit(throttle.PASSWORD_OF_PERSON, "olga@example.com")
    keys = throttle._server().keys(f"{throttle.NAMESPACE}*")
    assert keys
    assert not any(b"olga" in key for key in keys)
