"""The problems of what an example puts into services, and files of examples that nothing reads."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.target import Target
from dorc_runtime.local.aws.run_resources import used_resources
from dorc_runtime.local.http.http_answers import answer_problems
from dorc_runtime.local.seeds.example_seeds import Resources, seed_problems
from dorc_runtime.model.resources import Resource
from dorc_runtime.model.steps import called_pipelines
from dorc_runtime.project.repository import PipelineFolder
from dorc_runtime.testing.examples.comparison_rules import FILE as RULES
from dorc_runtime.testing.examples.comparison_rules import rule_problems
from dorc_runtime.testing.examples.expected_files import FILES, FOLDER, expected_files


def example_problems(
    folder: PipelineFolder, sources: Mapping[str, Source], target: Target
) -> Iterator[str]:
    """Yield the problems in all examples of a pipeline; ``sources`` has pipelines by id."""
    if not folder.examples:
        return
    used = tuple(dict.fromkeys(_used(sources, folder.id, target, set())))
    for example in folder.examples:
        path = folder.path / "examples" / example
        yield from seed_problems(path, Resources(target.resources, used), root=folder.root)
        yield from answer_problems(path, root=folder.root)
        shown = (path / RULES).relative_to(folder.root).as_posix()
        yield from rule_problems(path, expected_files(path / FOLDER), name=shown)
        for file in sorted((path / FOLDER).glob("[!.]*")):
            if file.name not in FILES:
                shown = file.relative_to(folder.root).as_posix()
                near = get_close_matches(file.name, FILES, n=1)
                known = (
                    f"did you mean '{near[0]}'?" if near else f"known: {', '.join(sorted(FILES))}."
                )
                yield f"{shown}: nothing is compared with it; {known}"


def _used(
    sources: Mapping[str, Source], pipeline: str, target: Target, seen: set[str]
) -> Iterator[Resource]:
    """Yield the resources that a pipeline uses, or a pipeline that it calls."""
    if pipeline in sources and pipeline not in seen:
        seen.add(pipeline)
        yield from used_resources(sources[pipeline], target)
        for called in called_pipelines(sources[pipeline].pipeline.steps):
            yield from _used(sources, called, target, seen)
