"""A pipeline with names that are longer than AWS allows."""

from dorc_runtime import CronTrigger, Function, Pipeline

pipeline = Pipeline(
    triggers=[CronTrigger("rate(1 day)")],
    steps=[
        Function("of_every_customer_of_the_shop"),
        Function("of_every_customer_of_the_mall"),
    ],
)
