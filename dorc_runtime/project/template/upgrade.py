"""Bringing a repository to a newer release of the template, by `copier update`.

Copier merges what the template changed with what the team did, and marks what it cannot merge. What
it would lose is seen to here: files of the team's that the template no longer has.
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
from dorc_runtime.project.template.git import git, listed
from dorc_runtime.project.template.releases import Template, template_of, version_of
from dorc_runtime.project.template.rendering import rendered

_MARKS = re.compile(rb"^(<{7}|>{7}) (before|after) updating\r?$", re.MULTILINE)


@dataclass(frozen=True)
class Upgrade:
    """What an update of the repository at ``root`` would be: to which release, from which."""

    root: Path
    answers: Answers
    template: Template
    wanted: str

    @property
    def current(self) -> str:
        """The release, or commit, that the repository has."""
        return self.answers.commit

    @property
    def needed(self) -> bool:
        """Whether ``wanted`` is newer than what the repository has."""
        current, wanted = version_of(self.current), version_of(self.wanted)
        return current is None or wanted is None or current < wanted

    @property
    def notes(self) -> str:
        """What the changelog says that people have to do."""
        return self.template.notes(self.current, self.wanted)


@dataclass(frozen=True)
class Updated:
    """What an update did, as paths from the root.

    ``changed`` has git's letter for each path (M, A, D). ``kept`` are files that the template no
    longer has, but the team had changed. ``answered`` are new questions, with the default answers
    that they got.
    """

    changed: Mapping[str, str]
    conflicts: tuple[str, ...]
    kept: tuple[str, ...]
    answered: Mapping[str, Any]


def plan_upgrade(root: Path, *, to: str | None = None) -> Upgrade:
    """Return the update to the release ``to``, or the newest.

    Raises ``ScaffoldError`` for answers that cannot be, naming the key, for a template that cannot
    be reached and for an older release; ``UnknownNameError`` for one that is not there.
    """
    answers = read_answers(root)
    template = template_of(root, answers)
    wanted = template.named(to) if to else template.newest()
    current, target = version_of(answers.commit), version_of(wanted)
    if to and current and target and target < current:
        raise ScaffoldError(
            f"{wanted} is older than {answers.commit}, which this repository has: an update goes "
            "forward only; `git revert` the commit of the one that you do not want."
        )
    return Upgrade(root, answers, template, wanted)


def carry_out(upgrade: Upgrade) -> Updated:
    """Update the repository; nothing is committed.

    Raises ``ScaffoldError`` when something is not committed yet, and when the update fails; then
    everything is as it was.
    """
    root = upgrade.root
    check_committed(root)
    rendered(upgrade.answers)
    try:
        _copier(upgrade, "update", "--vcs-ref", upgrade.wanted, str(root))
        # The answers are read before they can hold the marks of a conflict.
        after = read_answers(root)
        _check_answers(upgrade, after)
        kept = _kept(upgrade)
    except BaseException:
        git(root, "reset", "--quiet", "--hard")
        git(root, "clean", "--quiet", "--force", "-d", "--", ".")
        raise
    new = {key: after.given[key] for key in after.given.keys() - upgrade.answers.given.keys()}
    return Updated(_changed(root), _conflicts(root), kept, dict(sorted(new.items())))


def check_committed(root: Path) -> None:
    """Raise ``ScaffoldError`` unless all that is in ``root`` is committed to git."""
    try:
        git(root, "rev-parse", "--verify", "HEAD")
        status = listed(root, "status", "--porcelain", "-z")
    except ScaffoldError as error:
        raise ScaffoldError(
            f"{root} has no commit in git, which an update needs to merge: `git init && git add "
            "--all && git commit -m 'Start with dorc'`."
        ) from error
    if status:
        raise ScaffoldError(
            f"not everything is committed: {status[0][3:]}; commit or stash it, so that the update "
            "is a change of its own."
        )


def _copier(upgrade: Upgrade, command: str, *words: str) -> None:
    """Run Copier, which takes an unreachable template from what was last seen of it."""
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
        told = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ScaffoldError(f"Copier cannot {command} to {upgrade.wanted}: {told[-1]}")


def _check_answers(upgrade: Upgrade, after: Answers) -> None:
    """Raise ``ScaffoldError`` when an answer was not taken over, as Copier does without a word."""
    for key, value in upgrade.answers.given.items():
        if key in after.given and after.given[key] != value:
            raise ScaffoldError(
                f"{upgrade.wanted} does not take {key} = {json.dumps(value)} of {ANSWERS}, so "
                "nothing was updated: change that answer first, by `copier update`."
            )


def _kept(upgrade: Upgrade) -> tuple[str, ...]:
    """Bring back what the template no longer has, but the team had changed."""
    root = upgrade.root
    gone = listed(root, "diff", "--name-only", "--relative", "--diff-filter=D", "-z", "HEAD")
    if not gone:
        return ()
    with tempfile.TemporaryDirectory(prefix="dorc-") as temporary:
        answers = Path(temporary, "answers.yml")
        answers.write_text(json.dumps(upgrade.answers.given), encoding="utf-8")
        pristine = Path(temporary, "pristine")
        given = ["--vcs-ref", upgrade.current, "--data-file", str(answers)]
        _copier(upgrade, "copy", *given, upgrade.answers.source, str(pristine))
        kept = []
        for path in gone:
            git(root, "checkout", "--quiet", "HEAD", "--", path)
            written = pristine / path
            if written.is_file() and written.read_bytes() == (root / path).read_bytes():
                (root / path).unlink()
            else:
                kept.append(path)
    return tuple(kept)


def _changed(root: Path) -> dict[str, str]:
    lines = listed(root, "status", "--porcelain", "-z", "--untracked-files=all", "--", ".")
    top = Path(git(root, "rev-parse", "--show-prefix").strip())
    return {
        Path(line[3:]).relative_to(top).as_posix(): line[:2].strip().replace("??", "A")[0]
        for line in lines
    }


def _conflicts(root: Path) -> tuple[str, ...]:
    """Return the files that hold the marks of a conflict, or what could not be applied."""
    changed = _changed(root)
    unmerged = set(listed(root, "diff", "--name-only", "--relative", "--diff-filter=U", "-z"))
    marked = {
        path
        for path in changed
        if (root / path).is_file() and _MARKS.search((root / path).read_bytes())
    }
    rejected = set(listed(root, "ls-files", "--others", "-z", "--", "*.rej"))
    return tuple(sorted(unmerged | marked | rejected))
