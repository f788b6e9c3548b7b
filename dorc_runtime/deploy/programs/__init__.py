"""The three programs that Pulumi runs: universal, infra, and one for each pipeline.

Open ``universal``, ``infra`` and ``pipeline_program`` for a program, ``pipeline_plan`` for all that
a pipeline is on AWS, ``image_plan`` for the images that are to be built, and ``common`` for what
the programs share.
"""
