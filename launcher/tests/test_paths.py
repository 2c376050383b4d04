"""The state folder: private, ours, and with sockets whose paths fit."""

import stat
from pathlib import Path

import pytest

from launcher.errors import Refusal
from launcher.paths import LONGEST_SOCKET_FOLDER, State, private


def test_only_we_can_enter_the_folders(state: State) -> None:
    for folder in (state.root, state.logs, state.run, state.sockets):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_others_could_enter_is_closed(tmp_path: Path) -> None:
    open_folder = tmp_path / "open"
    open_folder.mkdir(mode=0o755)
    private(open_folder)
    assert stat.S_IMODE(open_folder.stat().st_mode) == 0o700


def test_a_link_is_not_taken_for_our_folder(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    with pytest.raises(Refusal, match="belongs to somebody else"):
        private(link)


def test_a_folder_that_cannot_be_made_is_refused_with_its_name() -> None:
    with pytest.raises(Refusal, match="/proc/nowhere"):
        State(Path("/proc/nowhere")).prepare()


def test_the_key_is_made_once_and_readable_by_us_alone(state: State) -> None:
    key = state.secret_key.read_text()
    state.prepare()
    assert state.secret_key.read_text() == key
    assert len(key) >= 50
    assert stat.S_IMODE(state.secret_key.stat().st_mode) == 0o600


@pytest.mark.parametrize("folder", ["/srv/" + "long/" * 30, "/srv/my portal", "/srv/größe", "/srv/50%"])
def test_sockets_move_out_of_a_path_that_is_long_or_strange(folder: str) -> None:
    state = State(Path(folder))
    assert len(str(state.sockets)) <= LONGEST_SOCKET_FOLDER
    assert not str(state.sockets).startswith("/srv")
    assert state.sockets != State(Path(folder + "2")).sockets


def test_sockets_stay_in_the_state_where_they_can() -> None:
    assert State(Path("/srv/portal")).sockets == Path("/srv/portal/run")
