"""Jobs are called by name over a table, where no type checker looks: names and arguments have to agree."""

import ast
import inspect
import re

from workers import jobs, schedule

from . import ROOT, calls, modules, text_of

# Passed on by name: the callers' `build=` is checked instead.
PASSED_ON = {"circle/distribution/actions.py"}


def parameters(job: str) -> set[str]:
    return set(list(inspect.signature(jobs.JOBS[job]).parameters)[1:])


def enqueued() -> list[tuple[str, str | None, set[str]]]:
    found = []
    for path, tree in modules():
        for _, call in calls(tree, {"enqueue"}):
            names = {keyword.arg for keyword in call.keywords if keyword.arg and keyword.arg != "due_at"}
            job = text_of(call.args[1])
            if job is not None or path not in PASSED_ON:
                found.append((f"{path}:{call.lineno}", job, names))
    return found


def builders() -> list[tuple[str, str | None]]:
    """What is said as `build=`: plain text, or a constant of the module."""
    found = []
    for path, tree in modules():
        constants = {
            target.id: text_of(node.value)
            for node in tree.body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for _, call in calls(tree, {"prepare", "insert"}):
            for keyword in call.keywords:
                if keyword.arg == "build":
                    value = keyword.value
                    named = constants.get(value.id) if isinstance(value, ast.Name) else text_of(value)
                    found.append((f"{path}:{call.lineno}", named))
    return found


def test_every_enqueued_job_exists_and_gets_its_arguments() -> None:
    assert len(enqueued()) >= 3
    for place, job, names in enqueued():
        assert job in jobs.JOBS, f"{place}: no job {job}"
        assert names == parameters(job), place


def test_every_builder_takes_the_dispatch() -> None:
    assert builders()
    for place, job in builders():
        assert job in jobs.JOBS, f"{place}: no job {job}"
        assert parameters(job) == {"dispatch_id"}, place


def test_scheduled_jobs_exist_and_need_nothing() -> None:
    assert schedule.DAILY
    for job in [*schedule.DAILY, *schedule.OFTEN]:
        assert parameters(job) == set(), job


def test_every_job_is_asked_for_by_somebody() -> None:
    asked = (
        {job for _, job, _ in enqueued()}
        | {job for _, job in builders()}
        | {*schedule.DAILY, *schedule.OFTEN}
    )
    assert asked == set(jobs.JOBS)


def test_every_import_inside_a_job_leads_somewhere() -> None:
    tree = ast.parse((ROOT / "workers/jobs.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and re.match(r"circle\.", node.module or ""):
            folder = ROOT / str(node.module).replace(".", "/")
            for alias in node.names:
                assert (folder / f"{alias.name}.py").exists() or folder.with_suffix(".py").exists(), (
                    f"{node.module}.{alias.name}"
                )
