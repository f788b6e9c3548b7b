"""The images that the functions of an environment run, by the tags of the functions."""

from dorc_runtime.compile.names import Names
from dorc_runtime.operate.aws_environment import AwsEnvironment, aws_errors
from dorc_runtime.project.images.fingerprint import IMAGE_TAG

_PAGE = 100


def deployed_images(environment: AwsEnvironment) -> dict[str, str]:
    """Return the fingerprint of the image of each function, by the function's name on AWS.

    A function that an older version of dorc deployed has "". AWS gets one call for each 100
    functions of the environment; a change of a tag may need some seconds to be seen here:
    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/API_GetResources.html
    """
    pages = environment.tagging.get_paginator("get_resources").paginate(
        TagFilters=_filters(environment.names),
        ResourceTypeFilters=["lambda:function"],
        PaginationConfig={"PageSize": _PAGE},
    )
    found: dict[str, str] = {}
    with aws_errors("tag:GetResources"):
        for page in pages:
            for each in page["ResourceTagMappingList"]:
                tags = {tag["Key"]: tag["Value"] for tag in each["Tags"]}
                found[each["ResourceARN"].rpartition(":")[2]] = tags.get(IMAGE_TAG, "")
    return found


def _filters(names: Names) -> list[dict[str, object]]:
    tags = {"dorc:project": names.project, "dorc:environment": names.environment}
    return [{"Key": key, "Values": [value]} for key, value in tags.items()]
