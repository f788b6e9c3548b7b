"""The pin of the library: what the template writes, and how it is compared."""

import subprocess
import sys
import tomllib
from pathlib import Path

import copier
import pytest
import yaml
from packaging.requirements import Requirement

from dorc_runtime import __version__
from dorc_runtime.errors import DefinitionError, VersionMismatchError
from dorc_runtime.project.pin import check_pin
from tests.template.conftest import Copy, Git

OTHER_COMMIT = "0123456789abcdef0123456789abcdef01234567"


def pin(repository: Path) -> str:
    """Return the requirement of a generated repository that is the library."""
    project = tomllib.loads((repository / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    [requirement] = (each for each in project["dependencies"] if each.startswith("dorc-runtime"))
    return str(requirement)


class TestWrittenPin:
    def test_a_release_is_pinned_by_its_tag(self, copy: Copy, copier_template: Path) -> None:
        requirement = f"dorc-runtime[all] @ git+file://{copier_template}@v{__version__}"
        assert pin(copy()) == requirement
        assert Requirement(requirement).url

    def test_a_template_without_a_release_is_pinned_by_its_commit(
        self, copy: Copy, own_template: Path, git: Git
    ) -> None:
        git(own_template, "tag", "--delete", f"v{__version__}")
        commit = git(own_template, "rev-parse", "HEAD").strip()
        made = copy(source=own_template)
        assert pin(made) == f"dorc-runtime[all] @ git+file://{own_template}@{commit}"

    def test_a_commit_after_a_release_is_pinned_by_its_commit(
        self, tmp_path: Path, own_template: Path, git: Git
    ) -> None:
        git(own_template, "commit", "--quiet", "--allow-empty", "--message", "later")
        commit = git(own_template, "rev-parse", "HEAD").strip()
        made = tmp_path / "my-pipelines"
        copier.run_copy(str(own_template), made, defaults=True, quiet=True, vcs_ref="HEAD")
        assert pin(made).endswith(f"@{commit}")

    def test_a_folder_may_be_relative_and_have_spaces(
        self, tmp_path: Path, copier_template: Path, git: Git, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        git(tmp_path, "clone", "--quiet", str(copier_template), "a template")
        monkeypatch.chdir(tmp_path)
        copier.run_copy("a template", "my-pipelines", defaults=True, quiet=True)
        made = tmp_path / "my-pipelines"
        assert f"git+file://{tmp_path}/a%20template@v{__version__}" in pin(made)
        answers = yaml.safe_load((made / ".copier-answers.yml").read_text())
        assert answers["_src_path"] == f"{tmp_path}/a template"

    def test_github_is_pinned_as_pip_expects(self, tmp_path: Path, copier_template: Path) -> None:
        """The short form of the address, which git finds on this machine."""
        environment = {
            "PATH": str(Path(sys.executable).parent) + ":/usr/bin:/bin",
            "HOME": str(tmp_path),
            "COPIER_CACHE_DIR": str(tmp_path / "cache"),
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.file://{copier_template}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://github.com/org/dorc.git",
        }
        command = [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet"]
        subprocess.run(
            [*command, "gh:org/dorc", "my-pipelines"], cwd=tmp_path, env=environment, check=True
        )
        made = tmp_path / "my-pipelines"
        url = f"git+https://github.com/org/dorc.git@v{__version__}"
        assert pin(made) == f"dorc-runtime[all] @ {url}"
        assert "_src_path: gh:org/dorc\n" in (made / ".copier-answers.yml").read_text()

    def test_the_package_index_is_pinned_by_version(self, copy: Copy) -> None:
        assert pin(copy(runtime_source="pypi")) == f"dorc-runtime[all]=={__version__}"

    def test_functions_images_get_no_library(self, copy: Copy) -> None:
        made = copy(pipelines=[{"layer": "raw-to-processed", "name": "example"}])
        assert not [
            path
            for path in made.rglob("requirements.txt")
            if any(line[:1] not in "#\n" for line in path.read_text().splitlines())
        ]


class TestComparedPin:
    @pytest.fixture
    def repository(self, tmp_path: Path) -> Path:
        return tmp_path

    def want(self, repository: Path, requirement: str) -> None:
        text = f'[project]\nname = "x"\ndependencies = ["rich", "{requirement}"]\n'
        (repository / "pyproject.toml").write_text(text)

    @pytest.mark.parametrize(
        "requirement",
        [
            f"dorc-runtime[all]=={__version__}",
            f"dorc-runtime[all] @ git+https://github.com/org/dorc.git@v{__version__}",
            f"dorc-runtime[all] @ git+ssh://git@github.com/org/dorc.git@v{__version__}",
            "dorc-runtime[all] @ git+https://github.com/org/dorc.git@main",
            "dorc-runtime[all] @ git+ssh://git@github.com/org/dorc.git",
            # The library under test is installed from a folder, of whatever commit.
            f"dorc-runtime[all] @ git+file:///dorc@{OTHER_COMMIT}",
            "dorc-runtime[all]",
        ],
    )
    def test_the_installed_version_is_accepted(self, repository: Path, requirement: str) -> None:
        self.want(repository, requirement)
        check_pin(repository)

    @pytest.mark.parametrize(
        "requirement",
        ["dorc-runtime[all]==99.0.0", "dorc-runtime[all] @ git+file:///dorc@v99.0.0"],
    )
    def test_another_version_is_refused(self, repository: Path, requirement: str) -> None:
        self.want(repository, requirement)
        message = rf"pins dorc 99\.0\.0, installed is {__version__}: run `pip install -e \.`"
        with pytest.raises(VersionMismatchError, match=message):
            check_pin(repository)

    def test_another_commit_is_refused(self, repository: Path, tmp_path: Path) -> None:
        """With a library that pip installed from a commit."""
        self.want(repository, f"dorc-runtime[all] @ git+file:///dorc@{OTHER_COMMIT}")
        noted = tmp_path / "installed" / f"dorc_runtime-{__version__}.dist-info"
        noted.mkdir(parents=True)
        (noted / "METADATA").write_text(f"Name: dorc-runtime\nVersion: {__version__}\n")
        installed = "f" * 40
        (noted / "direct_url.json").write_text(
            f'{{"url": "file:///dorc", "vcs_info": {{"vcs": "git", "commit_id": "{installed}"}}}}'
        )
        code = (
            "from pathlib import Path; from dorc_runtime.project.pin import check_pin; "
            f"check_pin(Path({str(repository)!r}))"
        )
        done = subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(noted.parent)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert f"pins dorc {OTHER_COMMIT}, installed is {installed}" in done.stderr

    def test_a_repository_made_by_hand_has_nothing_to_compare(self, repository: Path) -> None:
        check_pin(repository)
        (repository / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100\n")
        check_pin(repository)

    @pytest.mark.parametrize(
        "text",
        ["project = 1\n", "[project]\ndependencies = 1\n", "[project]\ndependencies = [1]\n"],
    )
    def test_a_file_without_a_pin_has_nothing_to_compare(self, repository: Path, text: str) -> None:
        (repository / "pyproject.toml").write_text(text)
        check_pin(repository)

    def test_invalid_toml_is_reported(self, repository: Path) -> None:
        (repository / "pyproject.toml").write_text("[project\n")
        with pytest.raises(DefinitionError, match=r"pyproject\.toml is not TOML"):
            check_pin(repository)
