"""The exports of deployed stacks, as programs get them that refer to those stacks."""

import json
from collections.abc import Iterator, Mapping

from dorc_runtime.deploy.state_store.files import BackendFiles
from dorc_runtime.deploy.state_store.stack_files import StackFiles
from dorc_runtime.deploy.synth.wire import Properties, has_secret


class BackendExports(Mapping[str, Properties]):
    """The exports by the full name of their stack, ``organization/project/stack``.

    A secret has its encrypted value, which differs when the secret does.
    """

    def __init__(self, files: BackendFiles) -> None:
        self._files = files
        self._read: dict[str, Properties] = {}

    def __getitem__(self, name: str) -> Properties:
        """Return the exports; raises ``KeyError`` for a stack that the backend does not have."""
        if name not in self._read:
            _, project, stack = name.split("/")
            state = StackFiles(self._files, project, stack).state()
            if state is None:
                raise KeyError(name)
            secrets = tuple(key for key, value in state.outputs.items() if has_secret(value))
            hidden = {key: json.dumps(state.outputs[key], sort_keys=True) for key in secrets}
            self._read[name] = Properties({**state.outputs, **hidden}, secrets)
        return self._read[name]

    def __iter__(self) -> Iterator[str]:
        """Iterate over the stacks that were read so far."""
        return iter(self._read)

    def __len__(self) -> int:
        """Return the number of stacks that were read so far."""
        return len(self._read)
