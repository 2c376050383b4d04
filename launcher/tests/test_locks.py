"""One owner a state, and servers that are not stopped under a user's feet."""

import fcntl
import os

import pytest

from launcher import locks
from launcher.paths import State


def test_a_second_owner_is_told_who_the_first_one_is(state: State) -> None:
    with locks.own(state.root, "bin/run"), pytest.raises(locks.Busy, match=f"bin/run, process {os.getpid()}"):  # noqa: SIM117
        with locks.own(state.root, "bin/manage"):
            pass


def test_a_state_is_free_again_after_its_owner(state: State) -> None:
    with locks.own(state.root, "bin/run"):
        assert locks.is_owned(state.root)
    assert not locks.is_owned(state.root)
    with locks.own(state.root, "bin/run"):
        pass


def test_users_do_not_hinder_each_other_but_the_one_who_stops_the_servers(state: State) -> None:
    with locks.use(state.root), locks.use(state.root) as second:
        stopping = os.open(state.root / "users", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(stopping, fcntl.LOCK_EX | fcntl.LOCK_NB)
        os.close(stopping)
        assert second
    with locks.alone(state.root):
        late = os.open(state.root / "users", os.O_RDWR)
        with pytest.raises(BlockingIOError):
            fcntl.flock(late, fcntl.LOCK_SH | fcntl.LOCK_NB)
        os.close(late)
