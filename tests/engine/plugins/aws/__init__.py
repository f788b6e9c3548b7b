"""The replacement for Pulumi's AWS provider.

Open ``provider`` for the protocol, ``kinds`` for what it knows of each type of resource, ``kind``
for what it needs to know, ``resources`` for how one is created, read, changed and deleted,
``shapes`` for properties as parameters, ``calls`` for requests, and ``invokes`` for functions.
"""
