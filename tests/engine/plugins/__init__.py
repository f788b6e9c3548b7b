"""The plugins that the engine starts: a language host, and replacements for two providers.

They speak Pulumi's own protocols over gRPC. ``aws`` makes resources in the AWS that
``AWS_ENDPOINT_URL`` names and never in the real one; ``docker`` hashes images instead of building
them. ``language`` runs programs, each in a process of ``program``. May import Pulumi's protocols
and botocore; nothing of dorc.
"""
