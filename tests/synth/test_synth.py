"""Programs run offline: what is recorded, and what only AWS knows."""

import gc
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dorc_runtime.deploy.driver.instances import infra, pipeline, universal
from dorc_runtime.deploy.synth.synthesis import Stack, Synthesis, synth, synth_instance
from dorc_runtime.errors import DefinitionError, StackError, UnknownNameError
from dorc_runtime.project.repository import Repository
from dorc_runtime.project.settings import Settings

Synthesize = Callable[[str], Synthesis]
Program = Callable[..., Stack]

MORE = """
import pulumi
from pulumi_aws import s3, sqs, ec2
from pulumi_aws.provider import Provider

provider = Provider("own", region="eu-west-2")
opts = pulumi.ResourceOptions(provider=provider)
asking = pulumi.InvokeOptions(provider=provider)
"""


@pytest.fixture
def program(tmp_path: Path) -> Program:
    """Run the program of infra with these lines, and with this stack file."""

    def run(lines: str, stack_file: str = "") -> Stack:
        for folder, text in {
            "infra/__main__.py": MORE + lines,
            "infra/Pulumi.yaml": "name: own.infra\nruntime: python\n",
            "infra/Pulumi.prod.yaml": stack_file,
            "src/README.md": "",
            "pipeline_config.py": "from dorc_runtime import Config, UniversalConfig\n"
            'config = Config(universal=UniversalConfig(region="eu-west-2", project="own"))\n',
        }.items():
            file = tmp_path / folder
            file.parent.mkdir(exist_ok=True)
            file.write_text(text, encoding="utf-8")
        repository = Repository(tmp_path)
        return synth_instance(repository, infra(repository, Settings(), "prod"))

    return run


def test_every_program_has_its_stack_in_the_order_of_applying(synthesized: Synthesize) -> None:
    assert [stack.instance for stack in synthesized("penguins").stacks] == [
        "universal",
        "infra",
        "processed-to-curated/penguins",
        "raw-to-processed/penguins",
    ]


def test_two_runs_of_a_repository_give_the_same_resources(
    penguins: Repository, synthesized: Synthesize
) -> None:
    assert synth(penguins, environment="prod") == synthesized("penguins")


def test_several_processes_give_the_same_resources_as_one(
    penguins: Repository, synthesized: Synthesize
) -> None:
    assert synth(penguins, environment="prod", processes=2) == synthesized("penguins")


def test_an_instance_alone_gives_the_same_resources_as_among_all(
    penguins: Repository, synthesized: Synthesize
) -> None:
    settings = Settings()
    instances = [
        universal(penguins, settings),
        infra(penguins, settings, "prod"),
        *(pipeline(penguins, folder, "prod") for folder in penguins.pipelines),
    ]
    assert (
        tuple(synth_instance(penguins, instance) for instance in instances)
        == synthesized("penguins").stacks
    )


def test_a_program_leaves_this_process_unchanged(penguins: Repository) -> None:
    before = (Path.cwd(), list(sys.path), set(sys.modules), dict(os.environ))
    synth(penguins, environment="prod")
    imported = set(sys.modules) - before[2]
    assert (Path.cwd(), sys.path, dict(os.environ)) == (before[0], before[1], before[3])
    assert not {name for name in imported if name in ("pipeline", "pipeline_config")}


def test_a_resource_of_the_user_is_recorded(program: Program) -> None:
    stack = program('sqs.Queue("own", name="own", opts=opts)')
    [queue] = stack.of_type("aws:sqs/queue:Queue")
    assert queue.inputs == {"name": "own"}


def test_a_type_that_dorc_does_not_use_gets_an_arn(program: Program) -> None:
    stack = program('ip = ec2.Eip("own", opts=opts)\npulumi.export("arn", ip.arn)\n')
    assert str(stack.outputs["arn"]).startswith("arn:aws:ec2:eu-west-2:123456789012:")


def test_a_program_gets_the_configuration_of_its_stack(program: Program) -> None:
    stack = program(
        "config = pulumi.Config()\n"
        'pulumi.export("size", config.require_int("size"))\n'
        'pulumi.export("names", config.require_object("names"))\n',
        stack_file="config:\n  own.infra:size: 3\n  own.infra:names: [a]\n",
    )
    assert stack.outputs == {"size": 3, "names": ["a"]}


def test_the_document_never_shows_a_secret(program: Program) -> None:
    stack = program(
        'password = pulumi.Output.secret("hunter2")\n'
        'sqs.Queue("own", name="own", tags={"password": password}, opts=opts)\n'
        'pulumi.export("password", password)\n'
    )
    assert "hunter2" not in json.dumps(stack.document())
    assert stack.document()["outputs"] == {"password": "[secret]"}


def test_a_secret_of_infra_is_a_secret_in_a_pipeline(tmp_path: Path, program: Program) -> None:
    program('pulumi.export("password", pulumi.Output.secret("hunter2"))')
    folder = tmp_path / "src/default/own"
    folder.mkdir(parents=True)
    (folder / "pipeline.py").write_text("from dorc_runtime import Pass, Pipeline\n")
    (folder / "Pulumi.yaml").write_text("name: own.pipeline\nruntime: python\n")
    (folder / "Pulumi.prod.yaml").write_text("config: {}\n")
    (folder / "__main__.py").write_text(
        "import pulumi\n"
        'infra = pulumi.StackReference("infra", stack_name="organization/own.infra/prod")\n'
        'pulumi.export("copied", infra.require_output("password"))\n'
    )
    repository = Repository(tmp_path)
    [own] = repository.pipelines
    stack = synth_instance(repository, pipeline(repository, own, "prod"))
    assert stack.outputs == {"copied": "hunter2"}
    assert stack.document()["outputs"] == {"copied": "[secret]"}


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ('s3.get_bucket(bucket="x", opts=asking)', "no answer to aws:s3/getBucket:getBucket"),
        ('sqs.Queue("a", opts=opts); sqs.Queue("a", opts=opts)', "two resources .* the name a:"),
        ('pulumi.StackReference("x", stack_name="a/b/c")', "the stack a/b/c, which this repo"),
        ('sqs.Queue.get("a", "id", opts=opts)', "reads the existing aws:sqs/queue:Queue a,"),
        ('raise pulumi.RunError("no more")', "no more"),
        ('pulumi.log.error("it went wrong")', "it went wrong"),
    ],
    ids=["question", "duplicate name", "unknown stack", "existing resource", "end", "error"],
)
def test_a_failure_of_a_program_is_reported(program: Program, lines: str, message: str) -> None:
    with pytest.raises(StackError, match=message) as error:
        program(lines)
    assert str(error.value).startswith("infra in prod: ")


def test_a_failure_of_a_program_is_reported_once(
    program: Program, caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(StackError):
        program('sqs.Queue("a", opts=opts); sqs.Queue("a", opts=opts)')
    program("")
    gc.collect()
    assert caplog.text == ""


MANY_TRIGGERS = "[PipelineTrigger(f'default/a{number}') for number in range(30)]"
MANY_RESOURCES = "[f'arn:aws:sqs:eu-west-2:123456789012:{number}' for number in range(300)]"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        (f"triggers={MANY_TRIGGERS}", "IAM allows 2,048: use fewer triggers"),
        (
            "steps=[Function('a', permissions=[Permission(['sqs:SendMessage'], "
            f"resources={MANY_RESOURCES})])]",
            "IAM allows 10,240: name fewer resources",
        ),
    ],
    ids=["trust", "permissions"],
)
def test_a_policy_that_is_too_long_for_iam_is_refused(
    tmp_path: Path, fields: str, message: str
) -> None:
    names = (
        "Config, CreatePipeline, Function, Permission, Pipeline, PipelineTrigger, UniversalConfig"
    )
    folder = tmp_path / "src/default/own"
    (folder / "a").mkdir(parents=True)
    (folder / "a/lambda.py").write_text("def handler(event, context): ...\n")
    steps = "" if "steps" in fields else ", steps=[Function('a')]"
    (folder / "pipeline.py").write_text(
        f"from dorc_runtime import {names}\npipeline = Pipeline({fields}{steps})\n"
    )
    (tmp_path / "pipeline_config.py").write_text(
        f"from dorc_runtime import {names}\n"
        'config = Config(universal=UniversalConfig(region="eu-west-2", project="own"))\n'
    )
    (folder / "__main__.py").write_text(
        f"from dorc_runtime import {names}\nfrom pipeline import pipeline\n"
        "from pipeline_config import config\nCreatePipeline(config, pipeline).apply()\n"
    )
    (tmp_path / "infra").mkdir()
    for file in ("Dockerfile", "requirements.txt", "infra/__main__.py"):
        (tmp_path / file).touch()
    for place in (folder, tmp_path / "infra"):
        (place / "Pulumi.yaml").write_text(f"name: own.{place.name}\nruntime: python\n")
        (place / "Pulumi.prod.yaml").write_text("config:\n  environment: prod\n")
    repository = Repository(tmp_path)
    [own] = repository.pipelines
    with pytest.raises(StackError, match=message):
        synth_instance(repository, pipeline(repository, own, "prod"))


def test_an_environment_that_does_not_exist_is_refused(penguins: Repository) -> None:
    with pytest.raises(UnknownNameError, match=r"no environment 'staging'; .*: dev, prod"):
        synth(penguins, environment="staging")


def test_a_repository_without_configuration_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DefinitionError, match=r"pipeline_config\.py does not exist"):
        synth(Repository(tmp_path), environment="prod")


ASSET = 's3.BucketObjectv2("page", bucket="b", source=pulumi.FileAsset("page.html"), opts=opts)'


def test_programs_that_register_the_same_have_one_digest(program: Program) -> None:
    queue = 'sqs.Queue("jobs", name="jobs", opts=opts)'
    assert program(queue).digest == program(f"# a comment\n\n{queue}").digest


@pytest.mark.parametrize(
    "line",
    [
        'sqs.Queue("jobs", name="other", opts=opts)',
        'sqs.Queue("jobs", name="jobs", opts=pulumi.ResourceOptions(provider=provider, protect=1))',
        'sqs.Queue("jobs", name="jobs", opts=opts, visibility_timeout_seconds=60)',
        'pulumi.export("url", sqs.Queue("jobs", name="jobs", opts=opts).url)',
        'opts.ignore_changes = ["name"]; sqs.Queue("jobs", name="jobs", opts=opts)',
    ],
)
def test_whatever_differs_in_a_program_differs_in_its_digest(program: Program, line: str) -> None:
    assert program('sqs.Queue("jobs", name="jobs", opts=opts)').digest != program(line).digest


def test_a_program_with_an_archive_of_texts_has_a_digest(program: Program) -> None:
    archive = ASSET.replace(
        'FileAsset("page.html")', 'AssetArchive({"a": pulumi.StringAsset("A")})'
    )
    assert program(archive).digest is not None
    # Python may take a file of the same size, written in the same second, for the same.
    assert program(archive).digest != program(archive.replace('"A"', '"other"')).digest


def test_an_archive_with_a_file_has_no_digest(program: Program) -> None:
    archive = ASSET.replace('FileAsset("page', 'AssetArchive({"a": pulumi.FileAsset("page')
    assert program(archive.replace('.html")', '.html")})')).digest is None


def test_a_program_with_files_that_the_engine_reads_has_no_digest(program: Program) -> None:
    assert program(ASSET).digest is None
