"""Times of deployments: the real Pulumi engine, with a simulated AWS and Docker.

Needs a Pulumi CLI, or Go to build one. What the providers of AWS and Docker do takes no time here,
so these are the times of dorc, of Pulumi and of the programs.
"""

import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.measuring import invoke, machine, measured
from benchmarks.repositories import deployable, empty
from tests.engine.cloud.process import Cloud, start_cloud
from tests.engine.deployment import Deployment
from tests.engine.pulumi_cli.environment import environment
from tests.engine.pulumi_cli.executable import find_cli

# Otherwise the engine writes all of its state after each step, which is most of a cold time.
AT_ONCE = {"PULUMI_SKIP_CHECKPOINTS": "true"}
PIPELINE = ("--instance", "raw-to-processed/pipeline_0", "--env", "prod")
FUNCTIONS = 10
# Of the repository for `apply --all`.
MANY = 10
FEW_FUNCTIONS = 3


def main() -> None:
    """Print the figures."""
    print(machine(), flush=True)
    cli = find_cli()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        helped = measured(invoke("apply", "--help"), folder=empty(folder / "empty"))
        print(f"invoke apply --help                       {helped}")
        (folder / "cloud").mkdir()
        with start_cloud(folder / "cloud") as aws:
            _everything(_deployment(folder / "all", aws, cli, MANY, FEW_FUNCTIONS))
            for pipelines in (1, 10, 100):
                there = _deployment(folder / f"{pipelines}", aws, cli, pipelines, FUNCTIONS)
                _deploy(there, pipelines)


def _deployment(folder: Path, aws: Cloud, cli: Path, pipelines: int, functions: int) -> Deployment:
    """Return a repository with nothing deployed, and an AWS with nothing in it."""
    aws.reset()
    root = deployable(folder / "bench", pipelines, functions)
    return Deployment(root, aws, environment(folder / "own", cli=cli, aws=aws))


def _everything(there: Deployment) -> None:
    """Print the times of `apply --all` when nothing, one pipeline and everything is evaluated."""
    everything = ("apply", "--all", "--env", "prod", "--yes")
    _run(there, "init")
    cold = _run(there, *everything)
    # Pulumi has written into the stack files, which is a change.
    _run(there, *everything)
    definition = there.root / "src/raw-to-processed/pipeline_0/pipeline.py"
    before = definition.read_text(encoding="utf-8")
    nothing, one, full = [], [], []
    for memory in (1024, 2048, 3072):
        nothing.append(_run(there, *everything))
        step = f'Function("function_0", memory={memory})'
        definition.write_text(before.replace('Function("function_0")', step), encoding="utf-8")
        one.append(_run(there, *everything))
        full.append(_run(there, *everything, "--full"))
    unchanged, changed, evaluated = map(statistics.median, (nothing, one, full))
    print(f"apply --all, {MANY} pipelines of {FEW_FUNCTIONS} functions: cold {cold:6.1f} s")
    print(f"    nothing changed              {unchanged:6.1f} s (least {min(nothing):.1f})")
    print(f"    one pipeline changed         {changed:6.1f} s (least {min(one):.1f})")
    print(f"    nothing changed, --full      {evaluated:6.1f} s (least {min(full):.1f})")
    print(f"    --full to nothing changed    {evaluated / unchanged:6.1f}", flush=True)


def _deploy(there: Deployment, pipelines: int) -> None:
    """Print the times of universal and, when there is one pipeline, its times."""
    number = pipelines * FUNCTIONS
    _run(there, "init")
    many = AT_ONCE if pipelines > 1 else {}
    cold = _run(there, "apply", "--instance", "universal", "--yes", **many)
    built = len(there.aws.builds())
    again = _run(there, "apply", "--instance", "universal", "--yes")
    print(
        f"universal, {number:4} functions: cold {cold:6.1f} s"
        f"{', its state written once,' if many else ','} again {again:6.1f} s; "
        f"images built by the second: {len(there.aws.builds()) - built}"
    )
    if pipelines > 1:
        return
    _run(there, "apply", "--instance", "infra", "--env", "prod", "--yes")
    cold = _run(there, "apply", *PIPELINE, "--yes")
    again = _run(there, "apply", *PIPELINE, "--yes")
    print(f"a pipeline of {FUNCTIONS} functions:   cold {cold:6.1f} s, again {again:6.1f} s")
    print(f"again to cold: {again / cold:.2f}")


def _run(there: Deployment, *words: str, **variables: str) -> float:
    """Return the seconds that a task takes; it must succeed."""
    began = time.perf_counter()
    done = subprocess.run(
        invoke(*words),
        cwd=there.root,
        env={**there.environment, **variables},
        capture_output=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(words)}: {done.stderr.decode()}")
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
