"""Starts one of the programs that a deployment needs: a plugin, or the simulated AWS.

``python tests/engine plugins.language ARGUMENT...``: launchers use this form, which needs no change
of the environment.
"""

import sys
from importlib import import_module
from pathlib import Path

if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])
    import_module(f"tests.engine.{sys.argv.pop(1)}").main()
