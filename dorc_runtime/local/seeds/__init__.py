"""What an example puts into services before a run: items, messages, parameters.

It takes the files of an example, or the values of a test, and gives them as services take them.
Open ``example_seeds`` for the files and their problems, ``trigger_messages`` for the input from
messages, and ``table_items`` for how an item of DynamoDB is written as JSON.
"""
