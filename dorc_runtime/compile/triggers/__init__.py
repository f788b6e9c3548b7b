"""What starts a pipeline.

Open ``rules`` for the rules of EventBridge and its Scheduler, ``schedules`` for cron and rate
expressions, ``event_patterns`` for which events match (with ``pattern_operators`` for values and
``wildcard_complexity`` for what EventBridge refuses), ``watched_objects`` for the objects in S3
that start a pipeline, and ``trigger_input`` for the input that each kind of trigger gives.
"""
