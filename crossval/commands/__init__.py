"""The verbs of the ``refloss`` command, one a module; each module's ``command`` is the verb."""
