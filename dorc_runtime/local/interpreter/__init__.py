"""State machines in JSONata mode, run as Step Functions runs them.

It takes a document with the functions, objects, services and clock of a run (protocols in
``executions``), and gives events and an ``Ending``. Open ``machine`` for the order of states,
``state_fields`` for what the fields of one state evaluate to and AWS's words for what fails,
``retries`` for delays and catchers, ``task_states`` for functions, calls and services,
``distributed_map`` and ``map_items`` for distributed Maps, ``scheduler`` for time and
``concurrency`` for what runs in parallel.
"""
