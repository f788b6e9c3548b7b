"""Servers of other hosts that an example plays: what they answer to functions over HTTP.

It takes ``examples/<case>/http/<host>.json``. Open ``http_answers`` for the files,
``answer_server`` for the server on this machine that gives the answers, and ``answered_hosts`` for
how connections of a function to those hosts get there.
"""
