"""The supervisor with tiny programs in the place of the real ones."""

import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from circle.local import child, supervisor

pytestmark = pytest.mark.local

# A supervisor with two children: "steady" waits, "frail" does what its first argument says.
PROGRAM = textwrap.dedent("""
    import sys
    from pathlib import Path
    from circle.local import supervisor
    from circle.local.child import Child, LocalError

    data, frail = Path(sys.argv[1]), sys.argv[2]
    def python(code):
        return [sys.executable, "-c", code]
    # A grandchild in the same group stands for a worker's pool.
    steady = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'import time; time.sleep(99)'])"
    try:
        folder = supervisor.open_folder(data)
        with supervisor.locked(folder):
            supervisor.sweep(folder, patience=2.0)
            stages = [
                [Child(name="steady", title="Der Ruhige", command=python(steady))],
                [supervisor.Step(name="once", title="Vorbereiten", command=python("print('done')"))],
                [Child(name="frail", title="Der Schwache", command=python(frail), patience=1.0)],
            ]
            runner = supervisor.Supervisor(folder, lambda line: print(line, flush=True))
            sys.exit(runner.run(stages, {"url": "http://127.0.0.1:1"}, ["READY"]))
    except LocalError as error:
        print(error, file=sys.stderr)
        sys.exit(1)
""")
WAITS = "import time; time.sleep(99)"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(99)"


def count_marked(data: Path, expected: int) -> int:
    """How many processes carry the mark of `data`; the grandchild may need a moment."""
    end = time.monotonic() + 20
    while len(supervisor._marked(data)) < expected and time.monotonic() < end:
        time.sleep(0.05)
    return len(supervisor._marked(data))


@contextmanager
def supervised(data: Path, frail: str, lines: list[str]) -> Iterator[subprocess.Popen[str]]:
    """Run PROGRAM until the block ends; `lines` receives what it says until READY."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(data), frail],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line.strip())
            if line == "READY\n":
                break
        yield process
    finally:
        process.kill()
        process.communicate()


def pids(data: Path) -> dict[str, int]:
    found: dict[str, int] = msgspec.json.decode((data / "run.json").read_bytes())["pids"]
    return found


def wait_for(true: object, seconds: float) -> float:
    """Wait until the callable is true; returns the seconds it took, or fails."""
    assert callable(true)
    start = time.monotonic()
    while not true():
        assert time.monotonic() < start + seconds, "waited in vain"
        time.sleep(0.05)
    return time.monotonic() - start


def test_it_says_each_step_in_order_and_writes_run_json(tmp_path: Path) -> None:
    lines: list[str] = []
    with supervised(tmp_path / "d", WAITS, lines) as process:
        assert [line.partition(" …")[0] for line in lines] == [
            "Der Ruhige",
            "Vorbereiten",
            "Der Schwache",
            "READY",
        ]
        assert lines[0].startswith("Der Ruhige … bereit (0,")
        assert set(pids(tmp_path / "d")) == {"steady", "frail", "supervisor"}
        assert pids(tmp_path / "d")["supervisor"] == process.pid
        assert stat.S_IMODE((tmp_path / "d" / "run.json").stat().st_mode) == 0o600
        assert (tmp_path / "d" / "log" / "once.log").read_text() == "done\n"


def test_a_dead_child_is_back_within_five_seconds(tmp_path: Path) -> None:
    data = tmp_path / "d"
    with supervised(data, WAITS, []):
        for _ in range(2):
            old = pids(data)["frail"]
            os.kill(old, signal.SIGKILL)
            took = wait_for(lambda old=old: pids(data)["frail"] != old, 5)
            assert took < 5
            os.kill(pids(data)["frail"], 0)


def test_three_deaths_in_a_minute_end_everything(tmp_path: Path) -> None:
    data = tmp_path / "d"
    with supervised(data, "import time; time.sleep(0.3); raise SystemExit('kaputt')", []) as process:
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Der Schwache ist dreimal in einer Minute ausgefallen. Alles wird beendet." in out
    assert "Letzte Zeile: kaputt" in out
    assert supervisor._marked(data) == []


@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_it_and_nothing_is_left(tmp_path: Path, kind: signal.Signals) -> None:
    data = tmp_path / "d"
    with supervised(data, DEAF, []) as process:
        assert count_marked(data, 3) == 3
        process.send_signal(kind)
        out, _ = process.communicate(timeout=15)
    assert process.returncode == 0
    assert "Der Schwache reagiert nicht und wird abgebrochen." in out
    assert out.endswith("Beendet.\n")
    assert supervisor._marked(data) == []
    assert not (data / "run.json").exists()


def test_after_a_kill_the_children_end_and_the_next_start_works(tmp_path: Path) -> None:
    data = tmp_path / "d"
    with supervised(data, DEAF, []) as process:
        process.kill()
        process.wait()
        lines: list[str] = []
        # The deaf child ignores its parent's death; the next start clears it away.
        with supervised(data, WAITS, lines):
            assert lines[-1] == "READY"
            assert count_marked(data, 3) == 3


def test_a_second_start_on_the_same_folder_is_told_what_to_do(tmp_path: Path) -> None:
    data = tmp_path / "d"
    with supervised(data, WAITS, []) as first:
        second = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(data), WAITS], capture_output=True, text=True, check=False
        )
    assert second.returncode == 1
    assert f"läuft schon ein Dienst (Prozess {first.pid})" in second.stderr
    assert "DATA=" in second.stderr


def test_a_stale_lock_file_is_no_obstacle(tmp_path: Path) -> None:
    (tmp_path / "lock").write_text("4711\n")
    with supervisor.locked(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_a_step_that_fails_names_its_log(tmp_path: Path) -> None:
    folder = supervisor.open_folder(tmp_path / "d")
    said: list[str] = []
    step = supervisor.Step(
        name="once", title="Vorbereiten", command=[sys.executable, "-c", "raise SystemExit('kein Platz')"]
    )
    assert supervisor.Supervisor(folder, said.append).run([[step]], {}, ["READY"]) == 1
    assert said[0].startswith("Vorbereiten ist fehlgeschlagen. Den Grund nennt ")
    assert said[0].endswith("Letzte Zeile: kein Platz")
    assert "READY" not in said


def test_a_folder_that_is_a_file_is_refused_in_german(tmp_path: Path) -> None:
    (tmp_path / "d").write_text("")
    with pytest.raises(child.LocalError, match=r"lässt sich nicht schreiben.*DATA="):
        supervisor.open_folder(tmp_path / "d")


def test_a_taken_port_is_refused_with_the_way_out() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(child.LocalError, match=rf"Der Port {port} ist nicht frei .*PORT="):
            supervisor.check_port("127.0.0.1", port)


def test_logs_of_the_last_runs_are_kept(tmp_path: Path) -> None:
    log = tmp_path / "web.log"
    for number in range(5):
        supervisor.rotate(log)
        log.write_text(str(number))
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "web.log": "4",
        "web.log.1": "3",
        "web.log.2": "2",
        "web.log.3": "1",
    }
