"""The program of ``src/<layer>/<pipeline>/``: one pipeline in one environment."""

import re
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass, replace
from pathlib import Path

import pulumi
from pulumi_aws import ecr

from dorc_runtime.compile.checks import Source, problems_of
from dorc_runtime.compile.target import Target
from dorc_runtime.deploy.alert_function.machine_tags import PIPELINE_TAG, alert_tags
from dorc_runtime.deploy.components.pipeline_function import Network, PipelineFunction
from dorc_runtime.deploy.components.workflow import Workflow
from dorc_runtime.deploy.programs.common import (
    Cloud,
    connect,
    one_line_errors,
    refusal,
    stack_environment,
)
from dorc_runtime.deploy.programs.infra_outputs import (
    InfraExports,
    infra_exports,
    infra_outputs,
    infra_stack_name,
    unknown_value,
)
from dorc_runtime.deploy.programs.pipeline_plan import PipelinePlan
from dorc_runtime.deploy.programs.pipeline_triggers import create_triggers
from dorc_runtime.errors import DefinitionError, StackError, first_problem
from dorc_runtime.model.config import Config
from dorc_runtime.model.pipeline import Pipeline
from dorc_runtime.model.references import output_names
from dorc_runtime.project.environment_values.targets import environment_target
from dorc_runtime.project.environments import Program, config_with_settings, environment_config
from dorc_runtime.project.handlers import handler_problem
from dorc_runtime.project.images.fingerprint import ImageRecipe, recipes_of
from dorc_runtime.project.repository import PipelineFolder, find_repository
from dorc_runtime.project.settings import read_settings

# The messages of AWS and of Pulumi's provider for an image that does not exist.
_NO_IMAGE = re.compile("(Image|Repository)NotFoundException|couldn't find resource|empty result")


@dataclass(frozen=True)
class CreatePipeline:
    """Creates ``pipeline`` in an environment; the stack has the environment's name.

    Fields in infra's stack file replace those of ``config``, and fields in the pipeline's own stack
    file replace both. ``folder`` is the program's, by default the current one, where Pulumi runs
    it; it gives the layer and the name.
    """

    config: Config
    pipeline: Pipeline
    _: KW_ONLY
    folder: Path | None = None

    def apply(self) -> None:
        """Register the resources with Pulumi."""
        with one_line_errors():
            _pipeline(self.config, self.pipeline, (self.folder or Path.cwd()).resolve())


def _pipeline(defaults: Config, pipeline: Pipeline, path: Path) -> None:
    repository = find_repository(path)
    folder = repository.pipeline(repository.show(path))
    program = Program(path)
    environment = stack_environment(repository, program, pulumi.get_stack())
    infra_folder = read_settings(repository.root).infra_stack_name
    config = config_with_settings(
        environment_config(repository, defaults, environment, infra=infra_folder),
        program.settings(environment),
        where=repository.show(program.stack_file(environment)),
    )
    project = config.universal.project
    cloud = connect(
        config.universal,
        root=repository.root,
        tags={
            "dorc:project": project,
            "dorc:environment": environment,
            PIPELINE_TAG: folder.id,
        },
    )
    target = environment_target(
        repository, config, environment, account=cloud.account, infra=infra_folder
    )
    infra_program = Program(repository.root / infra_folder)
    if names := output_names(pipeline):
        stack = infra_stack_name(infra_program, environment)
        target = replace(target, outputs=infra_outputs(stack, names))
    pipeline = target.resolve(pipeline)
    _check(folder, pipeline, target)
    plan = PipelinePlan(
        layer=folder.layer, name=folder.name, pipeline=pipeline, config=config, target=target
    )
    infra = infra_exports(infra_program, environment)
    image_recipes = recipes_of(folder, [step.name for step in plan.functions], config.universal)
    images = {name: _image(each, cloud) for name, each in image_recipes.items()}
    functions = _functions(plan, image_recipes, images, infra, cloud)
    workflow = Workflow(
        folder.name,
        machine=plan.names.machine,
        definition=plan.definition,
        functions=functions,
        role=plan.machine_role,
        log_group=plan.names.machine_log_group,
        log_days=config.log_retention_days,
        log_data=config.log_data,
        key_arn=config.kms_key_arn,
        tags=alert_tags(expect_every=pipeline.expect_every, muted=config.mute_alerts),
        opts=cloud.resource_options,
    )
    create_triggers(plan, workflow, infra, cloud)
    pulumi.export("environment", environment)
    pulumi.export("state_machine_arn", workflow.arn)
    names_of_functions = {step.name: plan.names.function(step.name) for step in plan.functions}
    pulumi.export("functions", names_of_functions)
    keys = [trigger.key for trigger in plan.triggers]
    pulumi.export("triggers", {key: plan.names.trigger(key) for key in keys})


def _check(folder: PipelineFolder, pipeline: Pipeline, target: Target) -> None:
    """Raise ``DefinitionError`` for a pipeline that would fail on AWS."""
    problems = problems_of(
        Source(
            layer=folder.layer,
            name=folder.name,
            file=folder.definition.relative_to(folder.root).as_posix(),
            pipeline=pipeline,
            functions={
                name: handler_problem(folder.path / name, root=folder.root)
                for name in folder.functions
            },
            target=target,
        )
    )
    if problems:
        raise DefinitionError(first_problem(problems))


def _image(image_recipe: ImageRecipe, cloud: Cloud) -> pulumi.Input[str]:
    """Return the name of an image by its digest; unknown in a preview before it is built."""
    try:
        image = ecr.get_image(
            repository_name=image_recipe.repository,
            image_tag=image_recipe.tag,
            opts=cloud.invoke_options,
        )
    except Exception as error:  # Pulumi raises nothing narrower
        if not _NO_IMAGE.search(str(error)):
            raise StackError(
                f"ECR does not say whether it has the image of {image_recipe.id}: {refusal(error)}."
            ) from error
        if not pulumi.runtime.is_dry_run():
            raise StackError(
                f"no image of the current code for {image_recipe.id}: `invoke apply --instance "
                "universal` builds it."
            ) from error
        pulumi.log.info(f"the image of {image_recipe.id} is not built yet")
        return unknown_value()
    return image.image_uri


def _functions(
    plan: PipelinePlan,
    image_recipes: Mapping[str, ImageRecipe],
    images: Mapping[str, pulumi.Input[str]],
    infra: InfraExports,
    cloud: Cloud,
) -> list[PipelineFunction]:
    config = plan.config
    network = None
    if config.vpc_id is not None:
        group = infra.output("security_group_id")
        network = Network(config.private_subnet_ids, group)
    buckets = {name: infra.bucket(zone) for name, zone in plan.zone_variables.items()}
    return [
        PipelineFunction(
            step.name,
            step=step,
            function=plan.names.function(step.name),
            image=images[step.name],
            fingerprint=image_recipes[step.name].tag,
            architecture=config.universal.architecture,
            environment={**plan.variables(step), **buckets, **step.environment},
            role=plan.function_role(step),
            log_group=plan.names.function_log_group(step.name),
            log_days=config.log_retention_days,
            network=network,
            key_arn=config.kms_key_arn,
            opts=cloud.resource_options,
        )
        for step in plan.functions
    ]
