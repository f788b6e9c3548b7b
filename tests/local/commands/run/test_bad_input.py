"""Every mistake in a call or a definition: one clear line, exit 2, nothing written."""

from __future__ import annotations

import sys
from shutil import which
from subprocess import run
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.local.commands.conftest import Repository

    Change = Callable[[Repository], object]

RUN = ("run", "raw-to-processed/tidy")
PIPELINE = "src/raw-to-processed/tidy/pipeline.py"
LAMBDA = "src/raw-to-processed/tidy/clean/lambda.py"
CRON = "CronTrigger, Function, Pipeline"


def nothing(_: Repository) -> None:
    """Leave the repository as it is."""


DEFINITIONS: dict[str, tuple[Change, str]] = {
    "a syntax error": (
        lambda r: r.write(PIPELINE, "pipeline = Pipeline(\n"),
        f"{PIPELINE}:1: '(' was never closed",
    ),
    "a name that is not imported": (
        lambda r: r.write(PIPELINE, "pipeline = Pipeline()\n"),
        f"{PIPELINE}:1: NameError: name 'Pipeline' is not defined: from dorc_runtime import "
        "Pipeline\n",
    ),
    "a misspelt argument": (
        lambda r: r.define('Function("clean", memroy=1024)'),
        "unexpected keyword argument 'memroy'. Did you mean 'memory'?\n",
    ),
    "a misspelt field": (
        lambda r: r.write(
            "pipeline_config.py",
            "from dorc_runtime import UniversalConfig\n\n"
            'universal = UniversalConfig(regoin="eu-west-2", region="eu-west-2", project="a")\n',
        ),
        "pipeline_config.py:3: UniversalConfig, regoin: no such field. Did you mean 'region'?\n",
    ),
    "an expression where a number is needed": (
        lambda r: r.define(
            'Function("clean", memory=data.size)', imports="Function, Pipeline, data"
        ),
        f"{PIPELINE}:3: Function, memory: an expression cannot be used here: write the value "
        "itself.\n",
    ),
    "a sum of a resource and a text": (
        lambda r: r.define(
            'Function("clean", reads=[Bucket("my-archive") + "/2025"])',
            imports="Bucket, Function, Pipeline",
        ),
        f'{PIPELINE}:3: TypeError: a bucket is no text: write f"{{my_archive}}/2025"\n',
    ),
    "no pipeline": (
        lambda r: r.write(PIPELINE, "steps = []\n"),
        f"{PIPELINE} does not define 'pipeline': write pipeline = Pipeline(steps=[...])",
    ),
    "a pipeline that is none": (
        lambda r: r.write(PIPELINE, "pipeline = []\n"),
        "'pipeline' is a list, not a Pipeline",
    ),
    "a definition that raises": (
        lambda r: r.write(PIPELINE, "\nx = {}['k']\n"),
        f"{PIPELINE}:1: KeyError: 'k'",
    ),
    "a definition that exits": (
        lambda r: r.write(PIPELINE, "raise SystemExit(3)\n"),
        f"{PIPELINE}:1: SystemExit: 3",
    ),
    "a step whose folder is called otherwise": (
        lambda r: r.define('Function("cleen")'),
        f"{PIPELINE}: cleen: no file src/raw-to-processed/tidy/cleen/lambda.py. "
        "Did you mean 'clean'?\n",
    ),
    "a step without a folder": (
        lambda r: r.define('Function("clean"), Function("cleen")'),
        f"{PIPELINE}: cleen: no file src/raw-to-processed/tidy/cleen/lambda.py. "
        "Did you mean 'clean'?",
    ),
    "a folder without a step": (
        lambda r: r.handle("return 1", function="other"),
        f'{PIPELINE}: other: no step calls it: add Function("other")',
    ),
    "an unreachable step": (
        lambda r: r.define('Fail("E"), Function("clean")', imports="Fail, Function, Pipeline"),
        f"{PIPELINE}: clean: it never runs, because Fail before it ends the run",
    ),
    "a duplicate": (
        lambda r: r.define('Function("clean"), Function("clean")'),
        f"{PIPELINE}: clean: 2 steps are called 'clean'",
    ),
    "a cron text that AWS refuses": (
        lambda r: r.define(
            'Function("clean")', imports=CRON, more=', triggers=[CronTrigger("cron(0 6 * * *)")]'
        ),
        f"{PIPELINE}: CronTrigger: ",
    ),
    "a time zone that is none": (
        lambda r: r.define(
            'Function("clean")',
            imports=CRON,
            more=', triggers=[CronTrigger("rate(1 day)", timezone="Mars/Base")]',
        ),
        "Mars/Base",
    ),
    "JSONata that does not parse": (
        lambda r: r.define(
            'Pass(jsonata("$sum(")), Function("clean")', imports="Function, Pass, Pipeline, jsonata"
        ),
        f"{PIPELINE}: Pass: ",
    ),
    "JSONata that AWS refuses": (
        lambda r: r.define(
            'Pass(jsonata("rows + 1")), Function("clean")',
            imports="Function, Pass, Pipeline, jsonata",
        ),
        "$states.input.rows",
    ),
    "a timeout over 15 minutes": (
        lambda r: r.write(
            PIPELINE,
            "from datetime import timedelta\nfrom dorc_runtime import Function, Pipeline\n"
            'pipeline = Pipeline(steps=[Function("clean", timeout=timedelta(minutes=16))])\n',
        ),
        f"{PIPELINE}:3: Function, timeout: 0:16:00 is longer than the 15 minutes",
    ),
    "an if on data": (
        lambda r: r.write(PIPELINE, "from dorc_runtime import data\nif data.rows:\n    pass\n"),
        f"{PIPELINE}:2: Python does not know the value of '$states.input.rows'",
    ),
    "a condition that is no expression": (
        lambda r: r.define(
            'Choice(If(data.rows is None, then=[Fail("E")])), Function("clean")',
            imports="Choice, Fail, Function, If, Pipeline, data",
        ),
        f"{PIPELINE}:3: If(False): the condition must be an expression",
    ),
    "a text where a step belongs": (
        lambda r: r.define('"clean"'),
        f"{PIPELINE}:3: Pipeline, steps.0: 'clean' is not a ",
    ),
    "a handler that takes no context": (
        lambda r: r.write(LAMBDA, "def handler(event):\n    return 1\n"),
        f"{PIPELINE}: clean: lambda.py: write def handler(event, context)",
    ),
    "no handler": (
        lambda r: r.write(LAMBDA, "def handle(event, context):\n    return 1\n"),
        f"{PIPELINE}: clean: lambda.py has no handler: write def handler(event, context)",
    ),
    "choices nested too deep": (
        lambda r: r.write(
            PIPELINE,
            "from dorc_runtime import Choice, Function, If, Pass, Pipeline, data\n"
            "step = Pass()\n"
            "for number in range(300):\n"
            "    step = Choice(If(data.x == number, then=[step]))\n"
            'pipeline = Pipeline(steps=[Function("clean"), step])\n',
        ),
        f"{PIPELINE}:5: Pipeline, steps: steps are nested more than 50 deep: write the conditions",
    ),
    "a syntax error in a function": (
        lambda r: r.write(LAMBDA, "def handler(event, context:\n"),
        f"{PIPELINE}: clean: lambda.py:1: ",
    ),
}


@pytest.mark.parametrize("case", DEFINITIONS)
def test_a_mistake_in_a_definition_is_reported_with_file_and_step(
    repository: Repository, case: str
) -> None:
    change, message = DEFINITIONS[case]
    change(repository)
    before = repository.snapshot()
    done = repository.invoke(*RUN)
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2
    assert repository.snapshot() == before


def test_check_reports_all_mistakes_of_all_pipelines(repository: Repository) -> None:
    repository.define(
        'Function("clean"), Function("b"), Fail("E")', imports="Fail, Function, Pipeline"
    )
    repository.handle("return 1", function="other")
    repository.write("src/default/broken/pipeline.py", "pipeline = (\n")
    done = repository.invoke("check")
    assert done.stdout.splitlines() == [
        "src/default/broken/pipeline.py:1: '(' was never closed.",
        f"{PIPELINE}: b: no file src/raw-to-processed/tidy/b/lambda.py. "
        "Write it: `invoke new-function raw-to-processed/tidy b`.",
        f'{PIPELINE}: other: no step calls it: add Function("other"), or remove the folder '
        "src/raw-to-processed/tidy/other.",
    ]
    assert done.stderr == "error: 3 problems found.\n"
    assert done.returncode == 2


CALLS: dict[str, tuple[Change, tuple[str, ...], str]] = {
    "no word": (nothing, ("run",), "PIPELINE is missing (LAYER/NAME of the pipeline)"),
    "a word too few": (
        nothing,
        ("new-function", "raw-to-processed/tidy"),
        "write `invoke new-function PIPELINE NAME`.",
    ),
    "an unknown pipeline": (
        nothing,
        ("run", "raw-to-processed/tidi"),
        "no pipeline 'raw-to-processed/tidi'; known: raw-to-processed/tidy. Did you mean",
    ),
    "an example that does not exist": (
        nothing,
        (*RUN, "--example", "second"),
        "no example 'second'; known: first.",
    ),
    "no example named, of several": (
        lambda r: (
            r.write("src/raw-to-processed/tidy/examples/two/input.json", "{}")
            and (r.pipeline / "examples/first").rename(r.pipeline / "examples/one")
        ),
        RUN,
        "raw-to-processed/tidy has 2 examples, and none is called first: add --example, in a test "
        "example=. Known: one, two.",
    ),
    "a file that does not exist": (nothing, (*RUN, "--file", "no.csv"), "no.csv does not exist."),
    "a file that no trigger takes": (
        nothing,
        (*RUN, "--file", "tasks.py"),
        "does not match what starts raw-to-processed/tidy: tidy/*.csv",
    ),
    "a file for a pipeline without an S3Trigger": (
        lambda r: r.define('Function("clean")'),
        (*RUN, "--file", "tasks.py"),
        "has no S3Trigger, so --file cannot start it: use --input.",
    ),
    "an input that is no JSON": (
        nothing,
        (*RUN, "--input", "{'key': 1}"),
        "is neither a file nor JSON",
    ),
    "an input file that is no JSON": (nothing, (*RUN, "--input", "tasks.py"), "is not JSON"),
    "an example's input that is no JSON": (
        lambda r: r.write("src/raw-to-processed/tidy/examples/bad/input.json", "{"),
        (*RUN, "--example", "bad"),
        "src/raw-to-processed/tidy/examples/bad/input.json is not JSON",
    ),
    "an input with NaN": (
        nothing,
        (*RUN, "--input", '{"rows": NaN}'),
        "is neither a file nor JSON (NaN is no value of JSON, write null or a string)",
    ),
    "an input with infinity": (nothing, (*RUN, "--input", "[-Infinity]"), "-Infinity is no value"),
    "an input with half of a character": (
        nothing,
        (*RUN, "--input", r'"\ud800"'),
        "surrogates not allowed",
    ),
    "an input of 5,000 nested lists": (
        nothing,
        (*RUN, "--input", "[" * 5_000 + "]" * 5_000),
        "lists and objects are nested more than 100 deep",
    ),
    "an input of 200 nested objects": (
        nothing,
        (*RUN, "--input", '{"a":' * 200 + "1" + "}" * 200),
        "lists and objects are nested more than 100 deep",
    ),
    "an input that is no path and no JSON": (nothing, (*RUN, "--input", "x" * 500), "nor JSON"),
    "an example's input with NaN": (
        lambda r: r.write("src/raw-to-processed/tidy/examples/bad/input.json", '{"rows": NaN}'),
        (*RUN, "--example", "bad"),
        "src/raw-to-processed/tidy/examples/bad/input.json is not JSON: NaN is no value of JSON",
    ),
    "a mock with NaN": (
        lambda r: r.write("src/raw-to-processed/tidy/examples/first/mocks/clean.json", "[NaN]"),
        RUN,
        "src/raw-to-processed/tidy/examples/first/mocks/clean.json is not JSON: NaN is no value",
    ),
    "a folder in place of a mock": (
        lambda r: (r.pipeline / "examples/first/mocks/clean.json").mkdir(parents=True),
        RUN,
        "src/raw-to-processed/tidy/examples/first/mocks/clean.json cannot be read: Is a directory",
    ),
    "a file and an input": (
        nothing,
        (*RUN, "--file", "a", "--input", "{}"),
        "give --file or --input, not both.",
    ),
    "no input": (
        lambda r: (r.pipeline / "examples").rename(r.root / "elsewhere"),
        RUN,
        "has no input: write",
    ),
    "requirements that cannot be installed": (
        lambda r: r.write("requirements.txt", "no-such-package-of-dorc==1.0\n"),
        RUN,
        "requirements.txt",
    ),
    "requirements that mean nothing": (
        lambda r: r.write("src/raw-to-processed/tidy/requirements.txt", "==?\n"),
        RUN,
        "requirements.txt",
    ),
}


@pytest.mark.parametrize("case", CALLS)
def test_a_mistake_in_a_call_is_reported_in_one_line(repository: Repository, case: str) -> None:
    change, words, message = CALLS[case]
    change(repository)
    before = repository.snapshot()
    done = repository.invoke(*words)
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2
    assert repository.snapshot() == before
    assert not (repository.root / ".dorc/runs").exists()


BROKEN: dict[str, tuple[Change, str]] = {
    "does not import": (
        lambda r: r.write(LAMBDA, "import no_such_module\n\ndef handler(event, context): ...\n"),
        "clean/lambda.py cannot be imported: Unable to import module 'lambda': "
        "No module named 'no_such_module'. clean needs the package that has the module "
        "no_such_module: add it to requirements.txt of the pipeline or the repository.",
    ),
    "returns a value that JSON does not have": (
        lambda r: r.handle("return {1, 2}"),
        "clean returned a value that JSON does not have",
    ),
    "takes more than its time": (
        lambda r: r.handle("import time\ntime.sleep(60)").write(
            PIPELINE,
            "from datetime import timedelta\nfrom dorc_runtime import Function, Pipeline\n"
            'pipeline = Pipeline(steps=[Function("clean", timeout=timedelta(seconds=1))])\n',
        ),
        'clean took longer than its timeout of 1 s: give Function("clean", timeout=...) more',
    ),
    "takes more than its memory": (
        lambda r: r.handle("import time\nbig = b'x' * 300_000_000\ntime.sleep(60)").define(
            'Function("clean", memory=128)'
        ),
        'clean took more than its 128 MiB of memory: give Function("clean", memory=...) more',
    ),
    "returns half of a character": (
        lambda r: r.handle(r'return "\ud800"'),
        "clean returned a value that JSON does not have: Unable to marshal response: 'utf-8' codec",
    ),
    "crashes": (
        lambda r: r.handle("import ctypes\nctypes.string_at(0)"),
        "clean crashed: segmentation fault in native code (signal 11).",
    ),
    "is killed": (
        lambda r: r.handle("import os\nos.kill(os.getpid(), 9)"),
        "clean was ended by a signal: killed (signal 9).",
    ),
    "exits": (lambda r: r.handle("import os\nos._exit(3)"), "clean ended its own process"),
    "stops in a debugger": (
        lambda r: r.handle("breakpoint()\nreturn 1"),
        "clean stops in a debugger, which finds no terminal in a worker process: add --inline to",
    ),
    "exits politely": (
        lambda r: r.handle("import sys\nsys.exit(0)"),
        "clean ended its own process",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_function_that_breaks_lambdas_rules_gets_the_remedy(
    repository: Repository, case: str
) -> None:
    change, message = BROKEN[case]
    change(repository)
    done = repository.invoke(*RUN, "--input", "{}")
    assert done.stderr.splitlines()[-1].startswith(f"error: {message}")
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


def test_a_command_outside_a_repository_says_so(repository: Repository) -> None:
    elsewhere = repository.root / "elsewhere"
    elsewhere.mkdir()
    for name in ("src", "pipeline_config.py"):
        (repository.root / name).rename(elsewhere / name)
    done = repository.invoke("check")
    assert "is not a repository of pipelines" in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize(
    ("pin", "message"),
    [
        ("dorc-runtime[all]==99.0.0", "99.0.0"),
        ("dorc-runtime[all] @ git+https://github.com/org/dorc.git@v99.0.0", "99.0.0"),
    ],
)
@pytest.mark.parametrize("words", [RUN, ("test",)], ids=["run", "test"])
def test_a_repository_pinned_to_another_version_is_refused(
    repository: Repository, pin: str, message: str, words: tuple[str, ...]
) -> None:
    repository.write("pyproject.toml", f'[project]\nname = "x"\ndependencies = ["{pin}"]\n')
    done = repository.invoke(*words)
    assert message in done.stderr
    assert done.stderr.startswith("error: ")
    assert done.returncode == 2


def test_a_wrong_setting_is_reported_with_its_place(repository: Repository) -> None:
    repository.write(".env", "AWS_ACCOUNT=12\n")
    done = repository.invoke("check")
    assert "AWS_ACCOUNT has an invalid value, '12': fix it in" in done.stderr
    assert done.returncode == 2


def test_settings_that_are_not_utf_8_are_reported(repository: Repository) -> None:
    (repository.root / ".env").write_bytes("AWS_REGION=é\n".encode("latin-1"))
    done = repository.invoke("check")
    assert ".env is not text in UTF-8: save it as UTF-8.\n" in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


@pytest.mark.parametrize("name", [".dorc", ".dorc/runs"])
def test_a_file_in_place_of_the_runs_folder_is_reported(repository: Repository, name: str) -> None:
    repository.write(name, "a file")
    done = repository.invoke(*RUN)
    assert done.stderr.startswith("error: a run cannot be saved in ")
    assert done.stderr.count("\n") == 1
    assert done.returncode == 2


def test_a_file_in_place_of_the_packages_folder_is_reported(repository: Repository) -> None:
    repository.write("requirements.txt", "no-such-package-of-dorc==1.0\n")
    repository.write(".dorc/packages", "a file")
    done = repository.invoke(*RUN)
    assert "error: packages cannot be installed in " in done.stderr
    assert "Traceback" not in done.stderr
    assert done.returncode == 2


@pytest.mark.parametrize("options", ["ro", "size=16k"], ids=["read-only", "full"])
def test_a_disk_that_takes_no_run_is_reported(repository: Repository, options: str) -> None:
    runs = repository.root / ".dorc/runs"
    runs.mkdir(parents=True)
    mount = f"mount -t tmpfs -o {options} tmpfs {runs}"
    namespace = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c"]
    if (
        not which("unshare")
        or run([*namespace, mount], capture_output=True, check=False).returncode
    ):
        pytest.skip("this machine has no user namespaces")
    repository.handle("return 'x' * 100_000")
    command = f'{mount} && "{sys.executable}" -m invoke run raw-to-processed/tidy; result=$?; '
    done = run(
        [*namespace, f"{command} ls {runs}; exit $result"],
        cwd=repository.root,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr.startswith("error: a run cannot be saved in ")
    assert done.stderr.count("\n") == 1
    assert "raw-to-processed-tidy" not in done.stdout
    assert done.returncode == 2


def test_two_pipelines_that_start_each_other_are_refused(repository: Repository) -> None:
    for name, other in (("tidy", "again"), ("again", "tidy")):
        folder = f"src/raw-to-processed/{name}"
        repository.write(
            f"{folder}/pipeline.py",
            "from dorc_runtime import Pass, Pipeline, PipelineTrigger\n"
            f'pipeline = Pipeline(triggers=[PipelineTrigger("raw-to-processed/{other}")], '
            "steps=[Pass()])\n",
        )
    (repository.pipeline / "clean/lambda.py").unlink()
    done = repository.invoke("check")
    assert "start each other in a circle" in done.stdout
    assert done.returncode == 2
