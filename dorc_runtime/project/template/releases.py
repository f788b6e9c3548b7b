"""Where the template comes from, which releases it has, and what they say of updating."""

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
    """The git repository of the template: a folder, or what was last seen of one elsewhere.

    ``address`` is what git calls it. ``unreachable`` says why it could not be asked just now, "" if
    it could.
    """

    address: str
    folder: Path
    unreachable: str = ""

    @cached_property
    def releases(self) -> dict[Version, str]:
        """The tags of all releases by their version, oldest first."""
        versions = ((version_of(tag), tag) for tag in git(self.folder, "tag", "--list").split())
        return dict(sorted((version, tag) for version, tag in versions if version))

    def newest(self) -> str:
        """Return the tag of the newest release; one that is only to be tried out does not count.

        Raises ``ScaffoldError`` when there is none.
        """
        sound = [tag for version, tag in self.releases.items() if not version.is_prerelease]
        if not sound:
            raise ScaffoldError(f"the template at {self.address} has no release yet.")
        return sound[-1]

    def named(self, name: str) -> str:
        """Return the tag of the release ``name``, given with or without its v.

        Raises ``UnknownNameError`` for one that is not there.
        """
        version = version_of(name)
        if version is None or version not in self.releases:
            raise UnknownNameError("release", name, list(self.releases.values()))
        return self.releases[version]

    def has(self, commit: str) -> bool:
        """Tell whether ``commit``, a tag or what `git describe` prints, is there."""
        try:
            git(self.folder, "rev-parse", "--quiet", "--verify", f"{commit}^{{commit}}")
        except ScaffoldError:
            return False
        return True

    def notes(self, current: str, wanted: str) -> str:
        """Return what the changelog of ``wanted`` says of updating to it from ``current``."""
        try:
            changelog = git(self.folder, "show", f"{wanted}:CHANGELOG.md")
        except ScaffoldError:
            return ""
        above, upto = version_of(current) or Version("0"), version_of(wanted)
        _, *parts = _SECTION.split(changelog)
        found = []
        for name, text in zip(parts[::2], parts[1::2], strict=True):
            version = version_of(name)
            updating = _UPDATING.search(text)
            if version and upto and above < version <= upto and updating:
                found.append(f"For {name}:\n{updating['text'].strip()}")
        return "\n\n".join(found)


def template_of(root: Path, answers: Answers) -> Template:
    """Return the template that the repository at ``root`` was made from.

    One elsewhere is kept in ``.dorc/``, so that what was seen of it last will do when it cannot be
    reached. Raises ``ScaffoldError``, which names the key of the answers that cannot be.
    """
    address = _address(answers.source)
    if _ADDRESS.match(address):
        template = _mirror(address, root / ".dorc" / "template.git")
    else:
        template = Template(address, Path(address))
        if not template.folder.is_dir():
            raise ScaffoldError(
                f"_src_path in {ANSWERS} is {address}, and nothing is there: write where the "
                "template is now, as an absolute path or like gh:org/dorc."
            )
        if not template.has("HEAD"):
            raise ScaffoldError(f"_src_path in {ANSWERS} is {address}, which git knows nothing of.")
    if not template.has(answers.commit or "-"):
        raise ScaffoldError(
            f"_commit in {ANSWERS} is '{answers.commit}', which the template at {address} does not "
            "have: take the line from git, or write the release that this repository was made from."
        )
    return template


def version_of(tag: str) -> Version | None:
    """Return the version that a tag, or what `git describe` prints, begins with."""
    try:
        return Version(_AFTER.sub("", tag))
    except InvalidVersion:
        return None


def _address(source: str) -> str:
    """Return what git calls the place that Copier calls ``source``."""
    if short := re.fullmatch(r"(gh|gl):/?(.+?)(\.git)?", source):
        host = {"gh": "github.com", "gl": "gitlab.com"}[short[1]]
        return f"https://{host}/{short[2]}.git"
    source = source.removeprefix("git+")
    if _ADDRESS.match(source):
        return source
    folder = Path(source).expanduser()
    if not source or not folder.is_absolute():
        raise ScaffoldError(
            f"_src_path in {ANSWERS} is '{source}', which can be found only from where `copier "
            "copy` was once given: write the absolute path there, or an address like gh:org/dorc, "
            "and commit it."
        )
    return str(folder)


def _mirror(address: str, folder: Path) -> Template:
    """Return the template at ``address`` as ``folder`` has it, after having asked for news."""
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
                f"the template at {address} cannot be reached, and was never seen here: {error}; "
                "it takes a network once."
            ) from error
        return Template(address, folder, unreachable=str(error))
    return Template(address, folder)
