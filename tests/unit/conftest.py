"""Settings of the unit tier."""

from hypothesis import HealthCheck, settings

# A busy machine generates examples slowly; that says nothing about the code.
settings.register_profile("dorc", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("dorc")
