"""What the template writes into a repository, now and at each update.

It takes the answers and gives changes: values that list files, carried out in a second step. Open
``scaffold`` for new pipelines and functions, ``layout`` for layers and environments, ``upgrade``
for a newer release, ``answers`` for the answers file, and ``render`` for the template's files.
"""
