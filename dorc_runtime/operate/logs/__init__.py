"""What deployed functions print, read from CloudWatch Logs, in the order of time.

``log_messages`` reads one message, ``log_groups`` those of functions, and ``log_tail`` also those
that are still to come. ``lambda_calls`` finds in one history which functions an execution called,
``execution_calls`` in all histories that belong to it, and ``execution_lines`` cuts the lines of
these calls out of the logs. ``log_request`` puts it together, and ``failure_log`` finds the
lines of the call that failed an execution.
"""
