"""Every command about what runs on AWS, in the words of somebody who gives it."""

TIDY = "raw-to-processed/tidy"

READER: dict[str, tuple[str, ...]] = {
    "executions": ("executions", "--failed"),
    "history": ("history", "--execution", "may"),
    "history --last": ("history", "--last", TIDY),
    "logs": ("logs", "--pipeline", TIDY, "--since", "1h"),
    "logs --execution": ("logs", "--execution", "may"),
    "status": ("status",),
    "dead-letters": ("dead-letters",),
    "run --execution": ("run", TIDY, "--execution", "may"),
}
"""Those that change nothing."""

OPERATOR: dict[str, tuple[str, ...]] = {
    "start --key": ("start", TIDY, "--key", "tidy/may.csv"),
    "start --like": ("start", TIDY, "--like", "may"),
    "start --wait": ("start", TIDY, "--input", "{}", "--wait"),
    "stop": ("stop", "--execution", "now"),
    "backfill": ("backfill", TIDY, "--prefix", "tidy/", "--yes"),
    "backfill --from": ("backfill", TIDY, "--from", "2026-01-01", "--to", "2026-01-02", "--yes"),
    "redrive": ("redrive", "--execution", "may", "--yes"),
    "dead-letters --replay": ("dead-letters", "--replay", "--yes"),
    "dead-letters --drop": ("dead-letters", "--drop", "ID", "--yes"),
}
"""Those that change something."""

COMMANDS = READER | OPERATOR
