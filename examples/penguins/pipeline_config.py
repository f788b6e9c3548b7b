"""The configuration of all pipelines.

What differs between environments is in infra/Pulumi.<env>.yaml, and for local runs in local.toml.
"""

from dorc_runtime import Config, UniversalConfig

universal = UniversalConfig(
    region="eu-west-2",
    project="Penguins",
    tags={"project": "Penguins"},
)

# What pipelines share besides their zones, and values that differ between environments:
#
# from dorc_runtime import Table
# from pydantic import BaseModel, HttpUrl
#
# seen = Table("seen", partition_key="id")  # in pipelines: reads=[seen], writes=[seen]
#
# class Settings(BaseModel):
#     api_url: HttpUrl  # in pipelines: settings=["api_url"], which becomes API_URL
#     clean_memory: int = 1024  # in pipelines: memory=setting("clean_memory")
#
# config = Config(universal=universal, resources=[seen], settings=Settings)

config = Config(universal=universal)
