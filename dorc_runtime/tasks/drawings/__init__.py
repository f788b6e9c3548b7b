"""What people see. It takes events, results and changes, and draws them with rich.

Open ``run_drawing`` for runs, ``deploy_drawing`` for deployments, ``markdown`` for comments on pull
requests, and ``console`` for the terminal and JSON.
"""
