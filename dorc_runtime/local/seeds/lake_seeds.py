"""The objects that are in the lake before a run.

They are the files below ``examples/<case>/lake/<zone>/``, of one example, and those below
``examples/lake/<zone>/``, of all examples of the pipeline.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from dorc_runtime.compile.target import Target
from dorc_runtime.errors import InputError, UnknownNameError, suggestion
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.triggers import S3Trigger
from dorc_runtime.project.repository import SHARED_LAKE, PipelineFolder
from dorc_runtime.runs.folder import SavedRun

_PREFIX = "local-"


@dataclass(frozen=True)
class Seed:
    """An object that is in the lake before the run."""

    bucket: str
    key: str
    path: Path


def local_bucket(zone: str) -> str:
    """Return the bucket that stands for a zone of the lake in a local run."""
    return _PREFIX + zone


def shown_bucket(bucket: str) -> str:
    """Return the zone that a local bucket stands for, or the bucket's own name."""
    return bucket.removeprefix(_PREFIX)


def example_seeds(
    folder: PipelineFolder, pipeline: Pipeline, example: str, target: Target
) -> tuple[Seed, ...]:
    """Return the objects of one example."""
    return seeds_at(_files(folder.path / "examples" / example / "lake"), pipeline, target)


def shared_seeds(folder: PipelineFolder, pipeline: Pipeline, target: Target) -> tuple[Seed, ...]:
    """Return the objects of all examples of a pipeline."""
    return seeds_at(_files(folder.path / "examples" / SHARED_LAKE), pipeline, target)


def seeds_at(files: Mapping[str, Path], pipeline: Pipeline, target: Target) -> tuple[Seed, ...]:
    """Return a seed for each file at ``zone/key``, or at ``bucket/key`` for another bucket."""
    own = _watched_buckets(pipeline)
    seeds = []
    for place, path in files.items():
        zone, _, key = place.partition("/")
        seeds.append(Seed(zone if zone in own else target.zones.get(zone, zone), key, path))
    return tuple(seeds)


def given_seeds(
    objects: Mapping[str, Path], pipeline: Pipeline, target: Target
) -> tuple[Seed, ...]:
    """Return the ``objects`` of a test, by ``zone/key``; raise an error for a wrong place."""
    known = sorted({*target.zones, *_watched_buckets(pipeline)})
    for place in objects:
        zone, _, key = place.partition("/")
        if not key:
            raise InputError(f"files['{place}']: write zone/key, as in '{known[0]}/{place}'.")
        if zone not in known:
            near = suggestion(zone, known).strip()
            raise UnknownNameError("zone", zone, known, remedy=near)
    return seeds_at(objects, pipeline, target)


def earlier_seeds(earlier: SavedRun, pipeline: Pipeline, target: Target) -> tuple[Seed, ...]:
    """Return what ``earlier`` left in the lake, newest first."""
    left = seeds_at(earlier.objects, pipeline, target)
    for seed in left:
        if not seed.path.is_file():
            raise InputError(
                f"{seed.path}, which the run in {earlier.folder} used, does not exist any more: "
                "start from an example."
            )
    return tuple(reversed(left))


def joined_seeds(seeds: Sequence[Seed], others: Sequence[Seed]) -> tuple[Seed, ...]:
    """Return ``seeds``, and the ``others`` that are not in the same places.

    The order counts: a trigger takes the first object that it matches.
    """
    by_place: dict[tuple[str, str], Seed] = {}
    for seed in (*seeds, *others):
        by_place.setdefault((seed.bucket, seed.key), seed)
    return tuple(by_place.values())


def _watched_buckets(pipeline: Pipeline) -> set[str]:
    """Return the buckets that triggers name."""
    triggers = (each for each in pipeline.triggers if isinstance(each, S3Trigger))
    return {each.bucket for each in triggers if each.bucket is not None}


def _files(lake: Path) -> dict[str, Path]:
    files = sorted(path for path in lake.glob("*/**/*") if path.is_file())
    return {path.relative_to(lake).as_posix(): path for path in files}
