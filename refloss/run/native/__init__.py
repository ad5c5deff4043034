"""Kernel texts compiled for the host's processor and for devices."""
