"""Settings: what the environment says, what the papers say, and what the command line does with it."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from circle import settings

ROOT = Path(__file__).parents[2]
# Read by the command line, not by the settings.
BESIDES = {"CIRCLE_PROXY"}


def test_the_example_file_names_every_setting_and_no_other() -> None:
    text = (ROOT / "deploy/circle.env.example").read_text(encoding="utf-8")
    assert set(re.findall(r"^#? ?([A-Z_]+)=", text, re.MULTILINE)) == set(settings.NAMES) | BESIDES


def test_the_handbook_names_every_setting_and_no_other() -> None:
    text = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
    table = [
        line.split("|")[1] for line in text.partition("## Settings")[2].splitlines() if line.startswith("| `")
    ]
    assert set(re.findall(r"`([A-Z_]+)`", " ".join(table))) == set(settings.NAMES) | BESIDES


def test_the_example_file_shows_the_real_defaults() -> None:
    text = (ROOT / "deploy/circle.env.example").read_text(encoding="utf-8")
    shown = dict(re.findall(r"^# ([A-Z_]+)=(\S.*)$", text, re.MULTILINE))
    shown.pop("DATABASE_ADMIN_URL")
    assert shown.pop("CIRCLE_PROXY") == "127.0.0.1"
    assert settings.read(shown) == settings.read({})


def test_defaults_are_safe_on_loopback() -> None:
    found = settings.read({})
    assert (found.host, found.mode, found.address, found.cookie) == (
        "127.0.0.1",
        "live",
        "http://127.0.0.1:8000",
        "circle",
    )


def test_a_secret_may_stand_in_a_file(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("geheim\n", encoding="utf-8")
    assert settings.read({"CIRCLE_ADMIN_PASSWORD_FILE": str(tmp_path / "secret")}).admin_password == "geheim"
    with pytest.raises(
        settings.SettingsError, match=r"CIRCLE_ADMIN_PASSWORD_FILE: Die Datei .* ist nicht lesbar"
    ):
        settings.read({"CIRCLE_ADMIN_PASSWORD_FILE": str(tmp_path / "missing")})


@pytest.mark.parametrize(
    "name, value", [("CIRCLE_PORT", "0"), ("CIRCLE_PORT", "achtzig"), ("CIRCLE_MODE", "probe")]
)
def test_a_value_that_cannot_be_used_is_refused(name: str, value: str) -> None:
    with pytest.raises(settings.SettingsError, match="ungültig"):
        settings.read({name: value})


def test_a_clock_is_refused_in_real_service() -> None:
    with pytest.raises(settings.SettingsError, match="CIRCLE_CLOCK"):
        settings.read({"CIRCLE_CLOCK": "2026-11-23T09:00:00+01:00"})


def circle(*words: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "circle.cli", *words],
        cwd=ROOT, env={"PATH": "/usr/bin:/bin", **env}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_deadline_for_programs_and_for_people() -> None:
    found = circle("deadline", "working_days", "2026-11-23", "10", "--json")
    assert '"on":"2026-12-07","ends_at_utc":"2026-12-07T23:00:00Z"' in found.stdout
    assert (
        "Montag, 7. Dezember 2026 um 24:00 Uhr"
        in circle("deadline", "working_days", "23.11.2026", "10").stdout
    )
    wrong = circle("deadline", "working_days", "31.02.2026", "10")
    assert wrong.returncode == 1
    assert "ist kein Datum. Schreiben Sie es so" in wrong.stderr


def test_the_demo_refuses_real_service_and_half_a_database(tmp_path: Path) -> None:
    live = circle("demo", "--data", str(tmp_path), CIRCLE_MODE="live")
    assert live.returncode == 1
    assert "Nehmen Sie „circle up“" in live.stderr
    half = circle(
        "demo", "--data", str(tmp_path), "--port", "18999", DATABASE_URL="postgresql://a@127.0.0.1/b"
    )
    assert half.returncode == 1
    assert "DATABASE_ADMIN_URL fehlt" in half.stderr


def test_the_doctor_names_what_is_missing() -> None:
    found = circle("doctor", CIRCLE_URL="http://circle.example.org", CIRCLE_FILES="/proc/nowhere")
    assert found.returncode == 1
    assert "FEHLER CIRCLE_URL: http://circle.example.org ist nicht verschlüsselt." in found.stdout
    assert "FEHLER Datenbank: DATABASE_URL ist nicht gesetzt." in found.stdout
    assert "FEHLER In /proc/nowhere lässt sich nicht schreiben" in found.stdout
    assert "gut    Schriften für PDF-Dateien vorhanden" in found.stdout
