"""The pipelines of a run: their documents, functions, roles, buckets and shared lakes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from dorc_runtime.compile.arns import function_arn, partition
from dorc_runtime.compile.checks import Source
from dorc_runtime.compile.document.states import state_machine
from dorc_runtime.compile.documents import Document
from dorc_runtime.compile.permissions.function_access import (
    function_variables,
    objects,
    reads,
    writes,
)
from dorc_runtime.compile.target import Target
from dorc_runtime.local.aws.access.roles import Roles, policies, sessions
from dorc_runtime.local.functions.outcome import LocalFunction
from dorc_runtime.local.interpreter.executions import Machine
from dorc_runtime.local.plan.local_target import ACCOUNT, local_machine
from dorc_runtime.local.seeds.lake_seeds import Seed, joined_seeds, shared_seeds
from dorc_runtime.model.steps import Function, all_steps, called_pipelines
from dorc_runtime.project.packages import packages_folder, remove_unused_packages
from dorc_runtime.project.repository import Repository


@dataclass(frozen=True)
class PlannedPipelines:
    """Pipelines in ``target``: ``sources`` has the one that starts, then all that it calls."""

    repository: Repository
    sources: Mapping[str, Source]
    target: Target

    @cached_property
    def documents(self) -> dict[str, Document]:
        """The state machine of each pipeline, by its id."""
        return {name: self._document(source) for name, source in self.sources.items()}

    @property
    def called(self) -> dict[str, Machine]:
        """The state machines of the pipelines that are called, by their ARNs."""
        _, *called = self.documents.items()
        return {self._machine(name): Machine(name, document) for name, document in called}

    def functions(self, *, cache: Path, on_install: Callable[[], None]) -> dict[str, LocalFunction]:
        """Return all functions by their names in the run; their packages are in ``cache``."""

        def installing() -> None:
            on_install()
            remove_unused_packages(self.repository, cache=cache)

        functions: dict[str, LocalFunction] = {}
        for name, source in self.sources.items():
            requirements = self.repository.pipeline(name).requirements
            packages = packages_folder(requirements, cache=cache, on_install=installing)
            functions |= {
                self._prefix(source) + step.name: self._function(source, step, packages)
                for step in _functions(source)
            }
        return functions

    def roles(self, existing: Mapping[str, str]) -> Roles:
        """Return what functions and state machines may do, with the names of buckets on AWS.

        ``existing`` has the existing buckets of zones.
        """
        target, zones = self.target, self.target.zones
        on_aws = {zone: existing.get(zone) or target.names.bucket(zone, ACCOUNT) for zone in zones}
        allowed: dict[str, Document] = {}
        assumed: dict[str, str] = {}
        for name, source in self.sources.items():
            prefix, machine = self._prefix(source), self._machine(name)
            assumed |= sessions(source, prefix=prefix, machine=machine, target=target)
            allowed |= policies(
                source, prefix=prefix, machine=machine, target=replace(target, zones=on_aws)
            )
        return Roles(
            policies=allowed,
            buckets={bucket: on_aws[zone] for zone, bucket in zones.items()},
            partition=partition(target.region),
            sessions=assumed,
        )

    def with_shared_lakes(self, seeds: Sequence[Seed]) -> tuple[Seed, ...]:
        """Return ``seeds``, and the objects of the shared lakes that are in no place of theirs."""
        shared = [
            seed
            for name, source in self.sources.items()
            for seed in shared_seeds(self.repository.pipeline(name), source.pipeline, self.target)
        ]
        return joined_seeds(seeds, shared)

    def buckets(self, seeds: Sequence[Seed]) -> tuple[str, ...]:
        """Return the buckets of zones and ``seeds``, and those that functions read and write."""
        named = {
            entry.partition("/")[0]
            for source in self.sources.values()
            for step in _functions(source)
            for entry in objects((*reads(step, source.layer), *writes(step, source.layer)))
        }
        zones = self.target.zones
        others = (zones.get(name, name) for name in named)
        return tuple(sorted({*zones.values(), *(seed.bucket for seed in seeds), *others}))

    def _prefix(self, source: Source) -> str:
        """Return the start of the names of a pipeline's functions in the run."""
        first = next(iter(self.sources.values()))
        return "" if source is first else f"{source.layer}.{source.name}."

    def _machine(self, name: str) -> str:
        return local_machine(name, self.target.region)

    def _arn(self, source: Source, step: Function) -> str:
        return function_arn(self.target.region, ACCOUNT, self._prefix(source) + step.name)

    def _document(self, source: Source) -> Document:
        return state_machine(
            source.pipeline,
            arns={step.name: self._arn(source, step) for step in _functions(source)},
            machines={
                name: self._machine(name) for name in called_pipelines(source.pipeline.steps)
            },
            buckets=self.target.buckets,
        )

    def _function(self, source: Source, step: Function, packages: Path | None) -> LocalFunction:
        root = self.repository.root
        return LocalFunction(
            name=self._prefix(source) + step.name,
            folder=self.repository.pipeline(source.id).path / step.name,
            timeout=step.timeout.total_seconds(),
            memory=step.memory,
            environment=function_variables(step, source.layer, self.target),
            storage=step.storage,
            concurrency=step.concurrency,
            lib=root / "lib" if (root / "lib").is_dir() else None,
            packages=packages,
            hidden=(root,),
            arn=self._arn(source, step),
        )


def _functions(source: Source) -> list[Function]:
    return [step for step in all_steps(source.pipeline.steps) if isinstance(step, Function)]
