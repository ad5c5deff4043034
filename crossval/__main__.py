"""``python -m crossval``: the ``refloss`` command without an installed script."""

from crossval import main

if __name__ == "__main__":
    raise SystemExit(main())
