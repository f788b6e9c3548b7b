"""What libraries need to use the run's lake as they use S3, beyond the variables of a function.

Open ``arrow_endpoint`` for pyarrow's file system, and ``library_advice`` for what to change when a
library fails. It knows no library's code: it imports the standard library alone.
"""
