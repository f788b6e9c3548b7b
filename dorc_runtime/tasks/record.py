"""What `invoke test --record` does: expected files of examples, written from runs."""

import io
import sys
from contextlib import redirect_stdout

from invoke.context import Context

from dorc_runtime.tasks.entry import pinned_repository, print_line
from dorc_runtime.tasks.options import ask, check_confirmation


def record_examples(
    c: Context, pipeline: str | None, example: str | None, *, workers: bool, yes: bool
) -> None:
    """Run examples, show how their expected files change, and write these after a question.

    Without ``example`` these are all examples that have expected files; without ``pipeline``, those
    of all pipelines.
    """
    from dorc_runtime.local.aws.lake import Lake
    from dorc_runtime.runs.redaction import Redaction
    from dorc_runtime.tasks.drawings.record_drawing import show_recording
    from dorc_runtime.testing.coverage import Coverage
    from dorc_runtime.testing.examples.recorded_files import examples_to_record, recording
    from dorc_runtime.testing.pipeline_runs import PipelineRunner

    repository = pinned_repository(c)
    pipelines = [repository.pipeline(pipeline)] if pipeline else repository.pipelines
    examples = examples_to_record(repository, pipelines, example)
    check_confirmation(yes, json=False)
    redactions: set[Redaction] = set()
    # A run in this process must not change the folders of images.
    sys.dont_write_bytecode = True
    with Lake.start() as lake:
        run = PipelineRunner(
            repository,
            lambda: lake,
            workers=workers,
            coverage=Coverage(),
            redactions=redactions,
            failed=[],
        )
        recordings = []
        for folder, name in examples:
            with redirect_stdout(io.StringIO()):
                result = run(folder.id, example=name)
            recordings.append(
                recording(
                    folder, name, result, everything=example is not None, redactions=redactions
                )
            )
    changes = [each for each in recordings if len(each)]
    for each in changes:
        show_recording(each, root=repository.root)
    if not changes:
        print_line("all expected files fit.")
        return
    number = sum(map(len, changes))
    if not yes:
        ask(f"change {number} file{'' if number == 1 else 's'}?")
    for each in changes:
        each.write()
    print_line(f"changed {number} file{'' if number == 1 else 's'}.")
