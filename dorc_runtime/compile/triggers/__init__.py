"""What starts a pipeline.

Open ``rules`` for the rules of EventBridge and its Scheduler, ``schedules`` for cron and rate
expressions, ``schedule_times`` for when they fire next, ``event_patterns`` for which events match
(with ``pattern_operators`` for values and ``wildcard_complexity`` for what EventBridge refuses),
and ``watched_objects`` for the objects in S3 that may start a pipeline. The input that a trigger
gives, on AWS and here, is made by ``trigger_input``, and that for an object by ``object_triggers``;
``rules`` makes it of an event.
"""
