"""Backfill: a pipeline started for objects that are stored already, or for times in the past.

AWS starts at most one execution with a name, so the executions themselves are the record of a
backfill: it can be killed and given again, and two people can give it at once. Open
``backfill_items`` for what a backfill starts, ``backfill_plan`` for what is left to do and its
price, and ``backfill_run`` for starting, following and stopping it.
"""
