"""The template's git repository, its releases, and their notes on updating."""

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from packaging.version import InvalidVersion, Version

from dorc_runtime.errors import ScaffoldError, UnknownNameError
from dorc_runtime.project.repository import ANSWERS
from dorc_runtime.project.template.answers import Answers
from dorc_runtime.project.template.git import git

_ADDRESS = re.compile(r"[a-z+]+://|gh:|gl:|[\w.-]+@[\w.-]+:")
# What `git describe` puts after the tag.
_AFTER = re.compile(r"-\d+-g[0-9a-f]+$")
_SECTION = re.compile(r"^## \[(?P<version>[^]]+)\].*$", re.MULTILINE)
_UPDATING = re.compile(r"^### Updating\n(?P<text>.*?)(?=^###? |\Z)", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Template:
    """The git repository of the template: a folder, or a local copy of a remote repository.

    ``address`` is its address for git. ``unreachable`` says why it cannot be reached now, "" if it
    can.
    """

    address: str
    folder: Path
    unreachable: str = ""

    @cached_property
    def releases(self) -> dict[Version, str]:
        """The tags of all releases by their version, oldest first."""
        versions = ((version_of(tag), tag) for tag in git(self.folder, "tag", "--list").split())
        return dict(sorted((version, tag) for version, tag in versions if version))

    def newest_release(self) -> str:
        """Return the tag of the newest release that is not a pre-release.

        Raises ``ScaffoldError`` when there is none.
        """
        final = [tag for version, tag in self.releases.items() if not version.is_prerelease]
        if not final:
            raise ScaffoldError(f"the template at {self.address} has no release yet.")
        return final[-1]

    def release(self, name: str) -> str:
        """Return the tag of the release ``name``, which may be written without its v.

        Raises ``UnknownNameError`` if it does not exist.
        """
        version = version_of(name)
        if version is None or version not in self.releases:
            raise UnknownNameError("release", name, list(self.releases.values()))
        return self.releases[version]

    def has_commit(self, commit: str) -> bool:
        """Return whether ``commit``, a tag or what `git describe` prints, exists."""
        try:
            git(self.folder, "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}")
        except ScaffoldError:
            return False
        return True

    def notes(self, current: str, target: str) -> str:
        """Return the notes on updating from ``current`` to ``target``, from the changelog."""
        try:
            changelog = git(self.folder, "show", f"{target}:CHANGELOG.md")
        except ScaffoldError:
            return ""
        above, upto = version_of(current) or Version("0"), version_of(target)
        _, *parts = _SECTION.split(changelog)
        notes = []
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            version = version_of(name)
            updating = _UPDATING.search(text)
            if version and upto and above < version <= upto and updating:
                notes.append(f"For {name}:\n{updating['text'].strip()}")
        return "\n\n".join(notes)


def template_of(root: Path, answers: Answers) -> Template:
    """Return the template that the repository at ``root`` was made from.

    A copy of a remote template is in ``.dorc/``, and is used when the template cannot be reached.
    Raises ``ScaffoldError``, which names the key of an invalid answer.
    """
    address = _address(answers.source)
    if _ADDRESS.match(address):
        template = _mirror(address, root / ".dorc" / "template.git")
    else:
        template = Template(address, Path(address))
        if not template.folder.is_dir():
            raise ScaffoldError(
                f"_src_path in {ANSWERS} is {address}, which does not exist: write where the "
                "template is now, as an absolute path or an address like gh:org/dorc."
            )
        if not template.has_commit("HEAD"):
            raise ScaffoldError(
                f"_src_path in {ANSWERS} is {address}, which is not a git repository: write where "
                "the template is now."
            )
    if not template.has_commit(answers.commit or "-"):
        raise ScaffoldError(
            f"_commit in {ANSWERS} is '{answers.commit}', which the template at {address} does not "
            "have: restore the line from git, or write the release of this repository."
        )
    return template


def version_of(tag: str) -> Version | None:
    """Return the version at the start of a tag, or of what `git describe` prints."""
    try:
        return Version(_AFTER.sub("", tag))
    except InvalidVersion:
        return None


def _address(source: str) -> str:
    """Return the address for git of the template that Copier calls ``source``."""
    if short := re.fullmatch(r"(gh|gl):/?(.+?)(\.git)?", source):
        host = {"gh": "github.com", "gl": "gitlab.com"}[short[1]]
        return f"https://{host}/{short[2]}.git"
    source = source.removeprefix("git+")
    if _ADDRESS.match(source):
        return source
    folder = Path(source).expanduser()
    if not source or not folder.is_absolute():
        raise ScaffoldError(
            f"_src_path in {ANSWERS} is '{source}', a path relative to the folder in which `copier "
            "copy` ran: write the absolute path, or an address like gh:org/dorc, and commit it."
        )
    return str(folder)


def _mirror(address: str, folder: Path) -> Template:
    """Return the template at ``address``, copied to ``folder``; first update that copy."""
    try:
        if (folder / "HEAD").is_file():
            git(folder, "remote", "set-url", "origin", address)
            git(folder, "fetch", "--quiet", "--prune", "origin")
        else:
            folder.parent.mkdir(parents=True, exist_ok=True)
            git(folder.parent, "clone", "--quiet", "--mirror", address, folder.name)
    except ScaffoldError as error:
        if not (folder / "HEAD").is_file():
            raise ScaffoldError(
                f"the template at {address} cannot be reached, and this repository has no copy of "
                f"it yet: {error}; try again with a network."
            ) from error
        return Template(address, folder, unreachable=str(error))
    return Template(address, folder)
