"""How targets are called: one module per kind of array, one small file per library."""


class WrongShape(ValueError):
    """A target's value has not one entry per row."""

    def __init__(self, wanted: tuple[int, ...], got: tuple[int, ...]) -> None:
        what = f"one entry per row, shape {wanted}" if wanted else "one number"
        super().__init__(f"the loss must have {what}; got shape {got}")
