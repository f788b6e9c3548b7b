"""What people see. It takes events, results and changes, and draws them with rich.

Open ``run_drawing`` for a run as it happens and ends, ``run_summary`` for what follows the last
one, ``failure_drawing`` for why a run failed, ``tool_drawing`` for what ``doctor`` finds,
``settings_drawing`` for settings, ``deploy_drawing`` for deployments, ``markdown`` for comments on
pull requests, ``text`` for values, ``console`` for the terminal and JSON, and ``log_lines`` and
``streams`` for output as it comes.
"""
