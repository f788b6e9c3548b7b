"""What an example puts into the lake and into services before a run.

It takes the files of an example, or the values of a test, and gives them as services take them.
Open ``lake_seeds`` for objects, ``example_seeds`` for the other files and their problems,
``trigger_messages`` for the input from messages, and ``table_items`` for how an item of DynamoDB is
written as JSON.
"""
