"""How the pipelines of an environment are: what ended, failed, runs, starts next, is not deployed.

Open ``current_pipelines`` for what the repository says about its pipelines, ``next_start`` for the
clock, ``deployed_images`` for what runs on AWS, and ``pipeline_status`` for all of it together.
"""
