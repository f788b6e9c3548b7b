"""The images of functions, as far as the repository's files say what is in them.

It takes a pipeline's folders and gives recipes and digests. Open ``fingerprint`` for an image's
tag and build context, ``image_files`` for the files that are copied, and ``image_python`` for
Python's version.
"""
