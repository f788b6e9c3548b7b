"""The Amazon States Language document of a pipeline, in JSONata mode.

It takes a ``Pipeline`` and gives a dict. Open ``states`` for states in their order,
``task_documents`` for functions, calls and services, ``maps`` for Maps, ``repeats`` for Repeats,
``scopes`` for what an expression may refer to, ``document_checks`` for what Step Functions does not
accept, and ``runnable`` for which documents a local run accepts, also those that dorc does not
write.
"""
