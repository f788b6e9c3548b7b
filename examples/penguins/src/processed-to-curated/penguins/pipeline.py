"""Summarise the cleaned penguins by species, island and year."""

from dorc_runtime import Function, Pipeline, S3Trigger

pipeline = Pipeline(
    description="Sum the cleaned penguins up by species, island and year",
    triggers=[S3Trigger(prefix="penguins/", suffix=".csv")],
    steps=[Function("summarise")],
)
