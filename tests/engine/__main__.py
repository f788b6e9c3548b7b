"""Starts one of the programs that a deployment needs: a plugin, or the simulated AWS.

``python tests/engine plugins.aws ARGUMENT...``: launchers use this form, because Python then
imports from this folder, and the environment stays unchanged.
"""

import sys
from importlib import import_module

if __name__ == "__main__":
    import_module(sys.argv.pop(1)).main()
