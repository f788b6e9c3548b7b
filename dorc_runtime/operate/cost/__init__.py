"""What executions cost: AWS's prices, and what executions use.

``prices.toml`` has the prices, with their date and the pages that they come from. Open ``prices``
to price what was used, and ``measured_usage`` for what an execution or a local run used.
"""
