"""The upgrade of a repository to a newer release of the template, with `copier update`.

Copier merges the changes of the template with those of the team, and marks conflicts. It removes
files that the template no longer has; those that the team changed are restored here.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dorc_runtime.errors import ScaffoldError
from dorc_runtime.project.repository import ANSWERS
from dorc_runtime.project.template.answers import Answers, read_answers
from dorc_runtime.project.template.git import git, git_paths
from dorc_runtime.project.template.releases import Template, template_of, version_of
from dorc_runtime.project.template.render import render

_MARKS = re.compile(rb"^(<{7}|>{7}) (before|after) updating\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Upgrade:
    """An update of the repository at ``root`` to the release ``target``, not carried out yet."""

    root: Path
    answers: Answers
    template: Template
    target: str

    @property
    def current(self) -> str:
        """The release, or commit, that the repository has."""
        return self.answers.commit

    @property
    def needed(self) -> bool:
        """Whether ``target`` is newer than the release of the repository."""
        current, target = version_of(self.current), version_of(self.target)
        return current is None or target is None or current < target

    @property
    def notes(self) -> str:
        """The notes on updating, from the changelog."""
        return self.template.notes(self.current, self.target)


@dataclass(frozen=True)
class UpgradeResult:
    """The result of an update; paths are from the root.

    ``changed`` has git's letter for each path (M, A, D). ``restored`` are files that the template
    no longer has, but the team had changed. ``new_answers`` are new questions with their defaults.
    """

    changed: Mapping[str, str]
    conflicts: tuple[str, ...]
    restored: tuple[str, ...]
    new_answers: Mapping[str, Any]


def plan_upgrade(root: Path, *, to: str | None = None) -> Upgrade:
    """Return the update to the release ``to``, or the newest.

    Raises ``ScaffoldError`` for an invalid answer, for a template that cannot be reached and for an
    older release; ``UnknownNameError`` for a release that does not exist.
    """
    answers = read_answers(root)
    template = template_of(root, answers)
    target = template.release(to) if to else template.newest_release()
    current, version = version_of(answers.commit), version_of(target)
    if to and current and version and version < current:
        raise ScaffoldError(
            f"{target} is older than {answers.commit}, the release of this repository: to go back, "
            "`git revert` the commit of the update."
        )
    return Upgrade(root, answers, template, target)


def carry_out(upgrade: Upgrade) -> UpgradeResult:
    """Update the repository; nothing is committed.

    Raises ``ScaffoldError`` when something is not committed, and when the update fails; then
    nothing is changed.
    """
    root = upgrade.root
    check_committed(root)
    render(upgrade.answers)
    try:
        _copier(upgrade, "update", "--vcs-ref", upgrade.target, str(root))
        # An answers file with the marks of a conflict is an error too.
        after = read_answers(root)
        _check_answers(upgrade, after)
        restored = _restore_changed_files(upgrade)
    except BaseException:
        git(root, "reset", "--quiet", "--hard")
        git(root, "clean", "--quiet", "--force", "-d", "--", ".")
        raise
    before = upgrade.answers.template_answers
    new = {key: value for key, value in after.template_answers.items() if key not in before}
    return UpgradeResult(_changed(root), _conflicts(root), restored, dict(sorted(new.items())))


def check_committed(root: Path) -> None:
    """Raise ``ScaffoldError`` unless everything in ``root`` is committed to git."""
    try:
        git(root, "rev-parse", "--verify", "HEAD")
        status = git_paths(root, "status", "--porcelain", "-z")
    except ScaffoldError as error:
        raise ScaffoldError(
            f"{root} has no commit in git, and an update needs one to merge: run `git init && git "
            "add --all && git commit -m 'Start with dorc'`."
        ) from error
    if status:
        raise ScaffoldError(
            f"not everything is committed: {status[0][3:]}; commit or stash it, so that you can "
            "review the update by itself."
        )


def _copier(upgrade: Upgrade, command: str, *words: str) -> None:
    """Run Copier; an unreachable template is replaced by its local copy."""
    environment = dict(os.environ)
    if upgrade.template.unreachable:
        number = int(environment.get("GIT_CONFIG_COUNT") or 0)
        environment |= {
            "GIT_CONFIG_COUNT": str(number + 1),
            f"GIT_CONFIG_KEY_{number}": f"url.{upgrade.template.folder.as_uri()}.insteadOf",
            f"GIT_CONFIG_VALUE_{number}": upgrade.template.address,
        }
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "copier", command, "--defaults", "--quiet", *words],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ScaffoldError(f"Copier cannot {command} to {upgrade.target}: {lines[-1]}")


def _check_answers(upgrade: Upgrade, after: Answers) -> None:
    """Raise ``ScaffoldError`` when an answer has changed, which Copier does not report."""
    for key, value in upgrade.answers.template_answers.items():
        if key in after.template_answers and after.template_answers[key] != value:
            raise ScaffoldError(
                f"{upgrade.target} does not accept {key} = {json.dumps(value)} of {ANSWERS}, so "
                "nothing was updated: change that answer first with `copier update`."
            )


def _restore_changed_files(upgrade: Upgrade) -> tuple[str, ...]:
    """Restore the removed files that the team had changed, and return their paths."""
    root = upgrade.root
    removed = git_paths(root, "diff", "--name-only", "--relative", "--diff-filter=D", "-z", "HEAD")
    if not removed:
        return ()
    with tempfile.TemporaryDirectory(prefix="dorc-") as temporary:
        answers = Path(temporary, "answers.yml")
        answers.write_text(json.dumps(upgrade.answers.template_answers), encoding="utf-8")
        pristine = Path(temporary, "pristine")
        options = ["--vcs-ref", upgrade.current, "--data-file", str(answers)]
        _copier(upgrade, "copy", *options, upgrade.answers.source, str(pristine))
        restored = []
        for path in removed:
            git(root, "checkout", "--quiet", "HEAD", "--", path)
            written = pristine / path
            if written.is_file() and written.read_bytes() == (root / path).read_bytes():
                (root / path).unlink()
            else:
                restored.append(path)
    return tuple(restored)


def _changed(root: Path) -> dict[str, str]:
    lines = git_paths(root, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    top = Path(git(root, "rev-parse", "--show-prefix").strip())
    return {
        Path(line[3:]).relative_to(top).as_posix(): line[:2].strip().replace("??", "A")[0]
        for line in lines
    }


def _conflicts(root: Path) -> tuple[str, ...]:
    """Return the files with the marks of a conflict, and the changes that could not be applied."""
    changed = _changed(root)
    unmerged = set(git_paths(root, "diff", "--name-only", "--relative", "--diff-filter=U", "-z"))
    marked = {
        path
        for path in changed
        if (root / path).is_file() and _MARKS.search((root / path).read_bytes())
    }
    rejected = set(git_paths(root, "ls-files", "--others", "-z", "--", "*.rej"))
    return tuple(sorted(unmerged | marked | rejected))
