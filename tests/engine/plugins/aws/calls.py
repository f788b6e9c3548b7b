"""Calls to AWS with a provider's region and credentials, and with a resource's properties."""

import os
import re
import threading
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from tests.engine.plugins.properties import Properties

from .shapes import Rename, convert, source_of

_MISSING = re.compile(r"NotFound|NoSuch|NonExist|DoesNotExist|^404$")


def is_missing(error: Exception) -> bool:
    """Return whether an error of AWS says that the thing does not exist."""
    response = getattr(error, "response", {})
    return bool(_MISSING.search(response.get("Error", {}).get("Code", "")))


class Aws:
    """The AWS at ``AWS_ENDPOINT_URL``, for one provider; never the real AWS."""

    def __init__(self, region: str | None = None) -> None:
        self.region = region or os.environ.get("AWS_REGION") or ""
        self._clients: dict[str, Any] = {}
        self._turn = threading.Lock()

    @cached_property
    def account(self) -> str:
        """The account's number."""
        return str(self.client("sts").get_caller_identity()["Account"])

    def client(self, service: str) -> Any:
        """Return botocore's client of a service."""
        # Imported when first needed: the engine waits for each plugin to start.
        from botocore.session import Session

        with self._turn:
            if service not in self._clients:
                endpoint = os.environ.get("AWS_ENDPOINT_URL")
                if not endpoint:
                    raise RuntimeError("AWS_ENDPOINT_URL is not set: this replacement calls no AWS")
                self._clients[service] = Session().create_client(
                    service, region_name=self.region, endpoint_url=endpoint
                )
            return self._clients[service]

    def request(
        self, service: str, operation: str, properties: Properties, rename: Rename
    ) -> tuple[Properties | None, set[str]]:
        """Return the parameters of an operation, and the properties that they come from.

        The parameters are None when a required one is lacking.
        """
        client = self.client(service)
        name = client.meta.method_to_api_mapping[operation]
        shape = client.meta.service_model.operation_model(name).input_shape
        parameters: Properties = {}
        used: set[str] = set()
        for parameter, inner in shape.members.items():
            source = source_of(parameter, properties, rename)
            if source is None or properties[source] is None:
                continue
            value = convert(inner, properties[source])
            if value is not None:
                parameters[parameter] = value
                used.add(source)
        return (parameters if set(shape.required_members) <= set(parameters) else None), used

    def call(
        self, service: str, operation: str, properties: Properties, rename: Mapping[str, Any]
    ) -> Properties:
        """Call an operation with the properties that it takes."""
        parameters, _ = self.request(service, operation, properties, rename)
        if parameters is None:
            raise ValueError(f"{service}.{operation}: not enough in {sorted(properties)}")
        answer: Properties = getattr(self.client(service), operation)(**parameters)
        return answer
