"""Dead letters: events, times of schedules and messages that could not start their pipeline.

Open ``trigger_table`` for what starts the pipelines of an environment, ``dead_letter`` for what a
message in a dead-letter queue means, and ``letter_queues`` to list, replay and delete.
"""
