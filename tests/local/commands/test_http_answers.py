"""Runs of functions that ask other hosts, which the example plays."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.local.commands.conftest import Repository

RUN = ("run", "raw-to-processed/tidy")
HTTP = "src/raw-to-processed/tidy/examples/first/http"
ANSWERS = [
    {"path": "/now", "query": {"city": "Bern"}, "json": {"degrees": 7}},
    {"path": "/now", "status": 404, "text": "no such city", "headers": {"X-Cause": "city"}},
    {"method": "POST", "path": "/log", "status": 201},
]
ASK = """
import json
import urllib.error
import urllib.request
import urllib3

def ask(url, **more):
    try:
        with urllib.request.urlopen(urllib.request.Request(url, **more)) as answer:
            return [answer.status, answer.read().decode()]
    except urllib.error.HTTPError as error:
        return [error.code, error.headers["X-Cause"], error.read().decode()]

host = "https://api.weather.example"
return [
    ask(f"{host}/now?city=Bern"),
    ask(f"{host.replace('https', 'http')}/now?city=Rome"),
    ask(f"{host}/log", data=b"x"),
    urllib3.request("GET", f"{host}:8443/now", fields={"city": "Bern"}).json(),
]
"""


@pytest.fixture
def answering(repository: Repository) -> Repository:
    repository.write(f"{HTTP}/api.weather.example.json", json.dumps(ANSWERS))
    return repository


@pytest.mark.parametrize("how", [(), ("--inline",)])
def test_functions_get_the_answers_of_the_example(
    answering: Repository, how: tuple[str, ...]
) -> None:
    answering.handle(ASK)
    done = answering.invoke(*RUN, "--json", *how)
    assert done.returncode == 0, done.stderr + done.stdout
    result = json.loads(done.stdout)
    assert result["output"] == [
        [200, '{"degrees": 7}'],
        [404, "city", "no such city"],
        [201, ""],
        {"degrees": 7},
    ]
    assert result["notes"] == []


def test_every_common_client_gets_them(answering: Repository, tmp_path: Path) -> None:
    """Requests brings its own certificates, and does not read those of the system."""
    answering.handle(
        "import requests\n"
        "session = requests.Session()\n"
        'return session.get("https://api.weather.example/now", params={"city": "Bern"}).json()'
    )
    done = answering.invoke(*RUN, "--json", "--inline")
    assert json.loads(done.stdout)["output"] == {"degrees": 7}, done.stdout


def test_a_request_without_an_answer_is_reported(answering: Repository) -> None:
    answering.write(f"{HTTP}/api.old.example.json", '[{"path": "/"}]')
    answering.handle(
        'import urllib.request\nurllib.request.urlopen("https://api.weather.example/later?day=1")'
    )
    done = answering.invoke(*RUN, "--json")
    result = json.loads(done.stdout)
    assert "HTTP Error 501" in result["failure"]["message"]
    assert result["notes"] == [
        f"{HTTP}/api.weather.example.json has no answer to GET /later?day=1: add "
        '{"path": "/later", "query": {"day": "1"}, "json": ...}',
        f"{HTTP}/api.old.example.json: nothing asked api.old.example",
    ]


@pytest.mark.parametrize("how", [(), ("--inline",)])
def test_a_host_that_no_example_answers_is_named(
    repository: Repository, how: tuple[str, ...]
) -> None:
    repository.handle('import urllib.request\nurllib.request.urlopen("https://birds.invalid/")')
    done = repository.invoke(*RUN, *how)
    assert done.returncode == 2
    assert done.stderr == (
        "error: clean asked birds.invalid, which no example answers: write "
        f"{HTTP}/birds.invalid.json.\n"
    )


def test_other_hosts_are_refused_as_before(answering: Repository) -> None:
    answering.handle('import urllib.request\nurllib.request.urlopen("http://192.0.2.1/")')
    done = answering.invoke(*RUN, "--json")
    assert (
        "connects to its lake alone, not to 192.0.2.1:80"
        in json.loads(done.stdout)["failure"]["message"]
    )


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{}", ' is no list of answers: write [{"path": "/", "json": ...}].'),
        ('[{"path": "now"}]', "[0]: path: it must match pattern '^/[^?#]*$'."),
        (
            '[{"path": "/", "body": 1}]',
            "[0]: body: no such field. Known: method, path, query, status, headers, json, text.",
        ),
        (
            '[{"path": "/", "json": 1, "text": ""}]',
            "[0]: json and text are both set: remove one.",
        ),
    ],
)
def test_check_finds_answers_that_cannot_be_used(
    answering: Repository, text: str, problem: str
) -> None:
    answering.write(f"{HTTP}/api.weather.example.json", text)
    assert answering.invoke("check").stdout.splitlines() == [
        f"{HTTP}/api.weather.example.json{problem}"
    ]


def test_check_says_how_files_of_answers_are_named(answering: Repository) -> None:
    answering.write(f"{HTTP}/https:__api.birds.example.json", '[{"path": "/"}]')
    answering.write(f"{HTTP}/api.birds.example.jsn", '[{"path": "/"}]')
    assert answering.invoke("check").stdout.splitlines() == [
        f"{HTTP}/api.birds.example.jsn: no run reads it: rename it to api.birds.example.json.",
        f"{HTTP}/https:__api.birds.example.json: 'https:__api.birds.example' is not the name of a "
        "host: name the file after the host alone, without https://, port and path, such as "
        "api.birds.example.json.",
    ]
