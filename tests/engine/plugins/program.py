"""Runs one Pulumi program: ``program.py SETTINGS PROGRAM [ARGUMENT...]``, the settings as JSON.

Started by its path in the program's own environment, so it imports nothing from beside itself.
"""

import asyncio
import json
import logging
import os
import runpy
import sys
import traceback
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pulumi
import pulumi.runtime

_ALREADY_TOLD = 32


def main() -> int:
    """Run the program as a stack; return the exit code."""
    settings = json.loads(sys.argv[1])
    program, sys.argv = sys.argv[2], sys.argv[2:]
    sys.path[0] = program if Path(program).is_dir() else str(Path(program).parent)
    pulumi.runtime.set_all_config(
        pulumi.runtime.get_config_env(), pulumi.runtime.get_config_secret_keys_env()
    )
    pulumi.runtime.configure(pulumi.runtime.Settings(**settings))
    # A failed deployment leaves futures whose exceptions nobody read.
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    threads = min(max(settings["parallel"], 1) * 4, 256)
    loop.set_default_executor(ThreadPoolExecutor(max_workers=threads))

    def run() -> None:
        runpy.run_path(program, run_name="__main__")

    try:
        loop.run_until_complete(pulumi.runtime.run_in_stack(run))
    except pulumi.RunError as error:
        pulumi.log.error(str(error))
    except grpc.RpcError as error:
        # An engine that shuts down is unavailable, and has already said why.
        if error.code() != grpc.StatusCode.UNAVAILABLE:
            pulumi.log.error(f"RPC error: {error.details()}")
    except SystemExit as error:
        return error.code if isinstance(error.code, int) else int(error.code is not None)
    except Exception:
        pulumi.log.error(f"Program failed with an unhandled exception:\n{_own_traceback()}")
    else:
        return 0
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
    return _ALREADY_TOLD


def _own_traceback() -> str:
    """Return the current exception's traceback from the program's first frame on."""
    report = traceback.TracebackException.from_exception(sys.exception() or RuntimeError())
    frames = list(report.stack)
    inner = [number for number, frame in enumerate(frames) if "runpy" in frame.filename]
    report.stack = traceback.StackSummary.from_list(frames[inner[-1] + 1 :] if inner else frames)
    return "".join(report.format())


if __name__ == "__main__":
    code = main()
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads that still wait for the engine would keep the process alive.
    os._exit(code)
