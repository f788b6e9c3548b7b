"""What people see: drawn here with rich, and nowhere else.

Open ``run_drawing`` for local runs, ``deploy_drawing`` for deployments, ``console`` for the
terminal.
"""
