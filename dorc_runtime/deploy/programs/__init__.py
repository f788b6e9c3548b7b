"""The three programs that Pulumi runs: universal, infra, and one for each pipeline.

They take a configuration and a pipeline, and register resources with Pulumi. Open ``universal``,
``infra`` and ``pipeline_program`` for a program, ``pipeline_plan`` for the names, documents and
roles of a pipeline, ``infra_resources`` for the buckets, tables, topics and queues of infra,
``pipeline_triggers`` for what starts one, ``infra_outputs`` for the outputs of infra,
``image_plan`` for the images to build, and ``common`` for what the programs share.
"""
