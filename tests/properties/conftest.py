"""Property tests draw the same few specifications in every run, on any machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "refloss",
    derandomize=True,
    database=None,
    deadline=None,
    max_examples=12,
    suppress_health_check=[HealthCheck.too_slow],  # a slow machine is not a failure
)
settings.load_profile("refloss")
