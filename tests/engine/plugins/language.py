"""Pulumi's language host for Python, with all that deployments need.

The official one comes with Pulumi's installer only, and not as a module of Go.
"""

# ruff: noqa: N802 - the service's own names

import json
import os
import platform
import shutil
import subprocess
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import grpc
from google.protobuf import empty_pb2
from pulumi.runtime.proto import language_pb2, language_pb2_grpc, plugin_pb2

from .serving import engine_address, serve

_RUNNER = Path(__file__).with_name("program.py")
# The exit code of a runner that has already reported why the program failed.
_ALREADY_TOLD = 32


class PythonHost(language_pb2_grpc.LanguageRuntimeServicer):
    """The service ``LanguageRuntime``: lists the plugins of a program, and runs it."""

    def __init__(self, engine: str) -> None:
        self._engine = engine
        self._running: set[subprocess.Popen[bytes]] = set()

    def Handshake(
        self, request: language_pb2.LanguageHandshakeRequest, context: grpc.ServicerContext
    ) -> language_pb2.LanguageHandshakeResponse:
        self._engine = request.engine_address or self._engine
        return language_pb2.LanguageHandshakeResponse()

    def GetPluginInfo(
        self, request: empty_pb2.Empty, context: grpc.ServicerContext
    ) -> plugin_pb2.PluginInfo:
        return plugin_pb2.PluginInfo(version="0.1.0")

    def About(
        self, request: language_pb2.AboutRequest, context: grpc.ServicerContext
    ) -> language_pb2.AboutResponse:
        return language_pb2.AboutResponse(executable=_python(), version=platform.python_version())

    def GetRequiredPackages(
        self, request: language_pb2.GetRequiredPackagesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPackagesResponse:
        """Return the plugins of the installed packages; programs run with this Python."""
        packages = []
        for file in sorted(Path(sysconfig.get_path("purelib")).glob("*/pulumi-plugin.json")):
            about = json.loads(file.read_text(encoding="utf-8"))
            if about.get("resource"):
                name = file.parent.name.removeprefix("pulumi_").replace("_", "-")
                packages.append(
                    plugin_pb2.PackageDependency(
                        name=about.get("name") or name,
                        kind="resource",
                        version=about.get("version", ""),
                    )
                )
        return language_pb2.GetRequiredPackagesResponse(packages=packages)

    def GetRequiredPlugins(
        self, request: language_pb2.GetRequiredPluginsRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetRequiredPluginsResponse:
        return language_pb2.GetRequiredPluginsResponse()

    def GetProgramDependencies(
        self, request: language_pb2.GetProgramDependenciesRequest, context: grpc.ServicerContext
    ) -> language_pb2.GetProgramDependenciesResponse:
        return language_pb2.GetProgramDependenciesResponse()

    def RuntimeOptionsPrompts(
        self, request: language_pb2.RuntimeOptionsRequest, context: grpc.ServicerContext
    ) -> language_pb2.RuntimeOptionsResponse:
        return language_pb2.RuntimeOptionsResponse()

    def Run(
        self, request: language_pb2.RunRequest, context: grpc.ServicerContext
    ) -> language_pb2.RunResponse:
        """Run the program until it ends; its output is printed here, where the engine reads it."""
        settings = {
            "project": request.project,
            "stack": request.stack,
            "organization": request.organization or "organization",
            "monitor": request.monitor_address,
            "engine": self._engine,
            "parallel": request.parallel,
            "dry_run": request.dryRun,
            "root_directory": request.info.root_directory,
        }
        entry = Path(request.info.program_directory, request.info.entry_point)
        program = subprocess.Popen(
            [_python(), "-u", str(_RUNNER), json.dumps(settings), str(entry), *request.args],
            cwd=request.pwd or request.info.program_directory,
            env={
                **os.environ,
                "PULUMI_CONFIG": json.dumps(dict(request.config)),
                "PULUMI_CONFIG_SECRET_KEYS": json.dumps(list(request.configSecretKeys)),
            },
            stdin=subprocess.DEVNULL,
        )
        self._running.add(program)
        code = program.wait()
        self._running.discard(program)
        if code == _ALREADY_TOLD:
            return language_pb2.RunResponse(bail=True)
        error = f"Program exited with non-zero exit code: {code}" if code else ""
        return language_pb2.RunResponse(error=error)

    def InstallDependencies(
        self, request: language_pb2.InstallDependenciesRequest, context: grpc.ServicerContext
    ) -> Iterator[language_pb2.InstallDependenciesResponse]:
        yield language_pb2.InstallDependenciesResponse()

    def Cancel(self, request: empty_pb2.Empty, context: grpc.ServicerContext) -> empty_pb2.Empty:
        self.stop()
        return empty_pb2.Empty()

    def stop(self) -> None:
        """End the programs that still run."""
        for program in tuple(self._running):
            program.terminate()


def _python() -> str:
    return os.environ.get("PULUMI_PYTHON_CMD") or shutil.which("python3") or "python3"


def main() -> NoReturn:
    """Serve until the engine ends."""
    host = PythonHost(engine_address())

    def register(server: grpc.Server) -> None:
        language_pb2_grpc.add_LanguageRuntimeServicer_to_server(host, server)

    serve(register, on_stop=host.stop)
