import os

import pyarrow.csv as csv
import pyarrow.parquet as pq
from pyarrow import fs


def handler(event, context):
    """Copy the survey with the file system, as Parquet."""
    s3 = fs.S3FileSystem()
    with s3.open_input_stream(f"{event['bucket']}/{event['key']}") as file:
        survey = csv.read_csv(file)
    path = f"{os.environ['TARGET_BUCKET']}/pyarrow/survey.parquet"
    pq.write_table(survey, path, filesystem=s3)
    return {"path": path, "size": s3.get_file_info(path).size}
