"""The process: ``python tests/engine cloud.server``, until its input ends.

It listens on a port of 127.0.0.1, which it prints. ``DORC_ENGINE_IMAGES`` is the folder with the
files of images, by their digests.
"""

import logging
import os
import sys
from pathlib import Path

from moto.core.config import default_user_config
from moto.moto_server.threaded_moto_server import ThreadedMotoServer

from .execution_calls import replace_calls
from .functions import DeployedFunctions, replace_invoke
from .machines import replace_parts
from .map_runs import MapRuns
from .positions import record_positions
from .stops import replace_stop


def main() -> None:
    """Serve until the input ends."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    default_user_config["stepfunctions"] = {"execute_state_machine": True}
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    # Where moto's Step Functions finds the other services.
    os.environ["MOTO_PORT"] = str(port)
    functions = DeployedFunctions(
        endpoint=f"http://{host}:{port}", images=Path(os.environ["DORC_ENGINE_IMAGES"])
    )
    replace_parts(functions)
    record_positions()
    map_runs = MapRuns()
    map_runs.replace_parts()
    replace_calls(map_runs)
    replace_stop()
    replace_invoke(functions)
    os.write(1, b"%d\n" % port)
    # The test reads only the port: all other output goes to the log.
    os.dup2(2, 1)
    sys.stdin.buffer.read()
    functions.close()
    os._exit(0)
