"""The AWS that deployments go to: moto in a separate process, which also runs it.

State machines run in moto's interpreter, with some of its parts replaced; functions run in dorc's
worker processes, with the files of their images.
"""
