import os
from importlib.resources import files

import duckdb

TARGET = f"s3://{os.environ['TARGET_BUCKET']}/duckdb"
HTTPFS = f"extensions/v{duckdb.__version__}/httpfs.duckdb_extension"


def handler(event, context):
    con = duckdb.connect()
    con.load_extension(str(files("duckdb_extension_httpfs") / HTTPFS))
    con.execute(f"create view survey as from 's3://{event['bucket']}/{event['key']}'")
    con.execute(
        f"copy (select species, avg(mass) from survey group by all) to '{TARGET}/means.parquet'"
    )
    con.execute(f"copy survey to '{TARGET}/survey' (format parquet, partition_by (species))")
    parts = f"read_parquet('{TARGET}/survey/**/*.parquet', hive_partitioning = true)"
    [wrens] = con.execute(f"select count(*) from {parts} where species = 'wren'").fetchone()
    means = con.execute(f"from read_parquet('{TARGET}/means.parquet')").fetchall()
    return {"wrens": wrens, "means": dict(means)}
