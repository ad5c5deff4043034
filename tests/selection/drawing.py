"""How property tests of selection draw: the same cases in every run, however slow the machine."""

from hypothesis import HealthCheck, settings


def draws(examples: int) -> settings:
    """Return settings for a number of examples."""
    return settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
