"""The hub's processes: kept alive, ended together, never doubled."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path

import psutil
import psycopg
import pytest
from sqlalchemy import make_url

from kingpost import home, parts, ports
from kingpost.home import HubRuns, Process
from kingpost.parts import Part
from kingpost.ports import PortTaken
from kingpost.supervisor import PartFailed, Supervisor, held_back
from operational.kit import postgres
from operational.kit.settings import Settings

# Starts a grandchild, writes both numbers down, and ignores being asked to end.
STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open("pids", "w").write(f"{os.getpid()} {child.pid}")
time.sleep(600)
"""

LISTENING = """
import os, socket, time
server = socket.create_server(("127.0.0.1", 0))
open(".port", "w").write(str(server.getsockname()[1]))
os.replace(".port", "port")
time.sleep(600)
"""

NOWHERE = "http://127.0.0.1:9/"
"""Nobody answers there, so the part is never ready."""


def part(script: str) -> Part:
    return Part("part", "the part", (sys.executable, "-c", script), NOWHERE)


def until(condition, seconds: float = 20):
    """Poll until something is so."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, "it never came true"
        time.sleep(0.02)
    return found


def is_gone(pid: int) -> bool:
    return not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE


@pytest.fixture
def settings(tmp_path):
    return Settings(home=tmp_path)


@pytest.fixture
def near_root():
    """A folder with a short path, as a Unix socket needs it."""
    found = Path(tempfile.mkdtemp(prefix="kp-"))
    yield found
    shutil.rmtree(found, ignore_errors=True)


@pytest.fixture
def supervisor(settings):
    said: list[str] = []
    found = Supervisor(settings, said.append, stop_seconds=0.5)
    found.said = said
    yield found
    found.stop()


def test_a_part_that_crashes_is_started_again(supervisor, tmp_path) -> None:
    supervisor.start([part("open('starts', 'a').write('x')")])

    def twice():
        supervisor.turn()
        return (tmp_path / "starts").exists() and len((tmp_path / "starts").read_text()) == 2

    until(twice)
    assert supervisor.said[0].startswith("the part stopped with code 0; starting again in 1 s")


def test_a_part_that_never_comes_up_is_shown_with_the_end_of_its_log(supervisor) -> None:
    failing = part("print('no room on the disk'); raise SystemExit(1)")
    supervisor.start([failing])
    supervisor.children["part"].crashes = 4

    with pytest.raises(PartFailed, match="the part does not start:\nno room on the disk"):
        supervisor.await_ready([failing], print)


def test_stopping_leaves_nothing_behind_not_even_what_ignores_it(supervisor, tmp_path) -> None:
    supervisor.start([part(STUBBORN)])
    pids = [int(pid) for pid in until(lambda: _read(tmp_path / "pids")).split()]

    supervisor.stop()

    assert all(map(is_gone, pids))


def test_a_part_that_cannot_be_asked_and_crashes_soon_is_not_called_ready(supervisor) -> None:
    command = (sys.executable, "-c", "import time; time.sleep(0.3); raise SystemExit(1)")
    mute = Part("part", "the part", command)
    supervisor.start([mute])
    supervisor.children["part"].crashes = 4

    with pytest.raises(PartFailed):
        supervisor.await_ready([mute], pytest.fail)


def test_a_part_that_runs_and_is_of_no_use_is_not_waited_for_for_ever(settings) -> None:
    supervisor = Supervisor(settings, print, stop_seconds=0.5, ready_seconds=0.1)
    deaf = part("print('loading', flush=True); import time; time.sleep(600)")
    supervisor.start([deaf])

    with pytest.raises(PartFailed, match="the part does not start"):
        supervisor.await_ready([deaf], pytest.fail)
    supervisor.stop()


def test_the_log_of_a_part_that_never_stops_is_bounded(settings) -> None:
    supervisor = Supervisor(settings, print, stop_seconds=0.5, log_bytes_max=100)
    talker = part("import time\nwhile True: print('x' * 60, flush=True); time.sleep(0.01)")
    supervisor.start([talker])
    log = supervisor.log(talker)

    def turned() -> bool:
        supervisor.turn()
        return log.with_suffix(".log.1").exists()

    until(turned)
    until(lambda: log.stat().st_size)
    supervisor.stop()
    assert log.read_bytes().startswith(b"x")


def test_a_signal_that_comes_while_a_child_is_started_waits_until_it_is_noted() -> None:
    done = []

    def start() -> None:
        with held_back():
            signal.raise_signal(signal.SIGINT)
            done.append("noted")

    with pytest.raises(KeyboardInterrupt):
        start()
    assert done == ["noted"]


def test_the_next_start_ends_what_a_killed_hub_left_behind(supervisor, tmp_path) -> None:
    supervisor.start([part(LISTENING)])
    port = int(until(lambda: _read(tmp_path / "port")))

    assert home.end_leftovers(tmp_path) == 1
    assert ports.is_free("127.0.0.1", port)
    assert home.end_leftovers(tmp_path) == 0


def test_the_next_start_ends_also_the_children_of_a_part_that_is_gone(supervisor, tmp_path) -> None:
    supervisor.start([part(STUBBORN)])
    leader, grandchild = map(int, until(lambda: _read(tmp_path / "pids")).split())
    os.kill(leader, signal.SIGKILL)
    supervisor.children["part"].popen.wait()

    assert home.end_leftovers(tmp_path) == 1
    assert is_gone(grandchild)


def test_a_home_with_a_long_path_has_room_for_its_socket(tmp_path) -> None:
    near, far = Settings(home=Path("/srv/kp")), Settings(home=tmp_path / ("x" * 100))

    assert parts.code_socket(near) == Path("/srv/kp/dagster/code.sock")
    assert len(str(parts.code_socket(far))) <= parts.SOCKET_BYTES_MAX


def test_a_later_process_with_the_number_of_an_old_child_is_let_alone(settings) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        home.note(settings, [Process(other.pid, Process.of(other.pid).began - 60)])

        assert home.end_leftovers(settings.root) == 0
        assert other.poll() is None
        other.communicate(b"\n")


def test_one_home_has_one_hub(settings) -> None:
    with home.alone(settings.root):
        home.note(settings, [])
        assert home.is_running(settings.root)
        with (
            pytest.raises(HubRuns, match=f"already runs in .* \\(process {os.getpid()}\\)"),
            home.alone(settings.root),
        ):
            pass

    assert not home.is_running(settings.root)


def test_a_command_beside_the_hub_finds_the_ports_it_chose(settings) -> None:
    with home.alone(settings.root):
        home.note(settings.model_copy(update={"api_port": 8123}), [])

        assert home.of_running_hub(settings).api_port == 8123


def test_a_port_in_use_is_offered_another_and_no_port_is_given_twice(settings) -> None:
    asked = []
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = other.getsockname()[1]
        crowded = settings.model_copy(update={"api_port": taken, "dagster_port": taken})
        settled = ports.settle(crowded, lambda *given: asked.append(given) or True)
        with pytest.raises(PortTaken, match=f"Port {taken} is in use.*KINGPOST_API_PORT"):
            ports.settle(crowded, lambda *_: False)

    chosen = [getattr(settled, name) for name in ports.TITLES] + [*settled.psp_ports.values()]
    assert taken not in chosen
    assert len(set(chosen)) == len(chosen)
    assert asked[0] == ("the API", taken, settled.api_port)


def test_the_database_runs_as_long_as_somebody_needs_it(near_root) -> None:
    settings = Settings(home=near_root)
    data = home.pgdata(settings)
    with home.database(settings) as found:
        with home.database(settings):
            assert found.database_url
        assert postgres.is_running(data)

    assert not postgres.is_running(data)


def test_nobody_enters_the_database_without_a_password(near_root) -> None:
    with home.database(Settings(home=near_root)) as found:
        address = make_url(found.database_url).set(drivername="postgresql", database="postgres")
        with psycopg.connect(address.render_as_string(hide_password=False)):
            stranger = address.set(password="").render_as_string(hide_password=False)
        with pytest.raises(psycopg.OperationalError, match="no password supplied"):
            psycopg.connect(stranger)


def test_a_database_is_stopped_also_by_who_is_interrupted_while_it_starts(near_root) -> None:
    settings = Settings(home=near_root)
    with home.database(settings):
        pass
    script = (
        "from kingpost import home; from operational.kit.settings import Settings\n"
        "with home.database(Settings()): input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=settings.environment(),
        stdin=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as starting:
        until(lambda: postgres._servers(home.pgdata(settings)))
        starting.send_signal(signal.SIGINT)
        starting.wait()

    assert postgres._servers(home.pgdata(settings)) == []


def _read(path):
    return path.read_text() if path.exists() else ""
