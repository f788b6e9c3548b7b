import os

from aws_lambda_powertools.utilities import parameters


def handler(event, context):
    key = parameters.get_parameter(os.environ["SECRET_WEATHER_KEY"], decrypt=True, max_age=300)
    limit = parameters.get_parameter("/birds/limit", transform="json")
    return {"length": len(key), "limit": limit}
