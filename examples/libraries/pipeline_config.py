"""The configuration of all pipelines."""

from dorc_runtime import Config, UniversalConfig

universal = UniversalConfig(region="eu-west-2", project="Libraries")
config = Config(universal=universal)
