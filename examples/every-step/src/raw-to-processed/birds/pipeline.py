"""Every kind of step, on a count of birds that was uploaded."""

from datetime import timedelta

from dorc_runtime import (
    Call,
    Catch,
    Choice,
    Fail,
    Function,
    If,
    Map,
    Parallel,
    Pass,
    Pipeline,
    Retry,
    S3Trigger,
    Service,
    Succeed,
    Wait,
    data,
    error,
    item,
    result,
    rows,
    variable,
)

TOPIC = "arn:aws:sns:eu-west-2:123456789012:birds"

pipeline = Pipeline(
    description="Every kind of step, on a count of birds",
    triggers=[S3Trigger(prefix="counts/", suffix=".csv")],
    steps=[
        Function("count", assign={"file": data, "rows": result.rows}),
        Choice(
            If(data.rows == 0, then=[Fail("EmptyFile", "no birds in " + data.file.key)]),
            name="Any rows?",
        ),
        Wait(timedelta(seconds=1), name="Settle"),
        Parallel(
            [
                [
                    Map(
                        over=data.sites,
                        select={"site": item, "file": data.file},
                        max_concurrency=5,
                        steps=[
                            Function(
                                "tally",
                                retry=[Retry("TimeoutError", jitter=True)],
                                catch=[Catch("UnknownSite", output={"skipped": error.Error})],
                            )
                        ],
                        name="Each site",
                    )
                ],
                [Pass(data.file.time, name="Date")],
            ],
            name="Look",
            output={"file": variable("file"), "tallies": result[0], "date": result[1]},
        ),
        Map(
            rows(bucket=data.file.bucket, key=data.file.key, format="CSV"),
            distributed=True,
            batch=2,
            tolerated_percentage=50,
            results="processed/checks",
            steps=[Function("check")],
            assign={"tallies": data.tallies, "date": data.date},
            output={"checks": result.ResultWriterDetails.Key},
            name="Check rows",
        ),
        Function(
            "ask",
            wait_for_token=True,
            answer_within=timedelta(days=3),
            catch=[Catch("States.Timeout", output={"approved": False})],
        ),
        Choice(
            If(~data.approved, then=[Succeed({"published": False}, name="Not approved")]),
            name="Approved?",
        ),
        Pass(
            {"rows": variable("rows"), "tallies": variable("tallies"), "by": data.by},
            name="Summary",
        ),
        Service(
            "sns:publish",
            arguments={"TopicArn": TOPIC, "Message": {"rows": data.rows, "by": data.by}},
            output=data,
            name="Announce",
        ),
        Call(
            "processed-to-curated/report",
            timeout=timedelta(hours=1),
            output={"published": True, "report": result.key, "date": variable("date")},
        ),
    ],
)
