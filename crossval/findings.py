"""Findings are data: a code, the place, what came, what was expected, why, and what to do."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One entry of the append-only list of finding codes.

    Attributes
    ----------
    title : str
        One line, printed beside the code.
    meaning : str
        What was observed and why it matters.
    remedy : str
        What the owner of the code can do.
    """

    title: str
    meaning: str
    remedy: str


CODES: dict[str, Code] = {
    "RL101": Code(
        "cannot import target",
        "The module of the target, or something that it imports, raised. Nothing was run.",
        "Import it in a plain interpreter; install what is missing; check MODULE:ATTR.",
    ),
    "RL102": Code(
        "target's process died",
        "The process that ran the target ended without an answer: os._exit, a segmentation "
        "fault or an abort. The check that was running is lost, the others go on.",
        "Run the named check alone; look at the end of the process's error output.",
    ),
    "RL103": Code(
        "target did not answer in time",
        "The call exceeded the time limit and its process was ended.",
        "Raise --time-limit if the target is only slow; else look for a lock or an endless loop.",
    ),
    "RL104": Code(
        "target exceeded the memory limit",
        "The resident memory of the target's process passed the limit and it was ended.",
        "Raise --memory-limit, or look for an N x N intermediate.",
    ),
    "RL105": Code(
        "target raised on valid input",
        "Input that the definition covers made the target raise.",
        "Accept the input, or declare in the target what it does not support.",
    ),
    "RL106": Code(
        "library is not installed",
        "The library that an adapter describes is absent, so its targets were not run.",
        "Install it: pip install 'refloss[libraries]'.",
    ),
    "RL201": Code(
        "shape misuse is accepted",
        "Operands whose shapes do not fit were broadcast or cut instead of refused.",
        "Check the number of rows and the trailing dimension before computing.",
    ),
    "RL202": Code(
        "result has the wrong shape",
        "The loss without reduction must have one entry per pair of boxes, and each gradient the "
        "shape of its input.",
        "Pass reduction='none' through --call, or return per-item losses.",
    ),
    "RL203": Code(
        "signature does not fit the loss",
        "The target cannot be called with the loss's inputs.",
        "Give --call, for example --call 'f(pred, target, eps=eps)'.",
    ),
    "RL204": Code(
        "dtype out differs from dtype in",
        "The value or a gradient came back in another format than the inputs have.",
        "Cast the result back to the inputs' dtype, or document the widening.",
    ),
    "RL205": Code(
        "an input was changed in place",
        "The bits of an input tensor differ after the call.",
        "Work on a copy.",
    ),
    "RL206": Code(
        "non-contiguous input changes the result",
        "A strided view with the same entries gives another result.",
        "Honour strides, or call contiguous() first.",
    ),
    "RL207": Code(
        "empty batch is not handled",
        "Zero pairs of boxes must give zero losses and empty gradients.",
        "Return an empty result for an empty batch.",
    ),
    "RL208": Code(
        "target cannot be called in this dtype",
        "The target raised for every input of this dtype.",
        "Support the dtype, or leave it out with --dtype.",
    ),
    "RL301": Code(
        "value is off",
        "The error exceeds 4 ulp, exceeds 8 u times the condition of the value, and exceeds "
        "twice the rounding bound of the textbook program in the same format.",
        "Compare intermediates with refloss.<loss>.trace(...).",
    ),
    "RL302": Code(
        "value is not finite where the definition is",
        "NaN or infinity came back for an input whose loss is a finite number.",
        "Guard the division, or compute in a wider format.",
    ),
    "RL401": Code(
        "gradient is not finite",
        "NaN or infinity came back where the derivative is a finite number. One such entry "
        "destroys a training run.",
        "Guard the operation before differentiating it: a where() after it does not help.",
    ),
    "RL402": Code(
        "gradient is off",
        "The error exceeds 8 ulp, exceeds 8 u times the condition of the component, and exceeds "
        "twice the rounding bound of the textbook program in the same format.",
        "Compare adjoints with refloss.<loss>.trace(...).",
    ),
    "RL403": Code(
        "gradient is exactly 0 where the loss is not flat",
        "A zero came back although the derivative is not zero and not small.",
        "Look for a detach, a no_grad, or a mask that is too wide.",
    ),
    "RL404": Code(
        "gradient has the opposite sign",
        "All conclusive entries agree with the negative of the reference.",
        "This is the descent direction or an ascent on the metric; negate it.",
    ),
    "RL405": Code(
        "gradient lies outside the generalized gradient at a tie",
        "Where edges coincide, any convex combination of the one-sided derivatives is accepted; "
        "this is none.",
        "Resolve each tie once and use the same resolution in every term.",
    ),
    "RL406": Code(
        "upstream gradient is mishandled",
        "The gradient is not the derivative of sum(loss * upstream) for a non-uniform upstream.",
        "Multiply row i's derivative by upstream[i].",
    ),
    "RL407": Code(
        "gradients of two inputs are exchanged",
        "The gradient returned for one input is the derivative with respect to another.",
        "Swap them in the backward function.",
    ),
    "RL408": Code(
        "no gradient reaches an input",
        "Backpropagation leaves the input without a gradient.",
        "Remove the detach, or declare the input as constant with --wrt.",
    ),
    "RL501": Code(
        "value at a degenerate point differs from the definition",
        "Where the formula itself is 0/0 the definition states the value; the target's differs.",
        "Return the declared value, or declare another preset.",
    ),
    "RL601": Code(
        "not deterministic",
        "The same call gave different bits.",
        "Remove the random or racing part, or the state that survives a call.",
    ),
    "RL602": Code(
        "stale result",
        "A call with other inputs returned the bits of an earlier call.",
        "Do not cache by shape or address.",
    ),
    "RL603": Code(
        "a row depends on the other rows",
        "The same pairs of boxes in another order give results outside their tolerance.",
        "Look for a reduction, a broadcast upstream, or an index that is off.",
    ),
    "RL701": Code(
        "check was not run",
        "Something the check needs is missing, or the target died too often.",
        "See the text of the finding.",
    ),
    "RL801": Code(
        "convention mismatch",
        "The target follows a named convention, but not the declared one.",
        "Declare it with --as or --set, or change the implementation.",
    ),
    "RL802": Code(
        "constant factor",
        "Result and reference differ by one factor at all points.",
        "Look for a reduction, a missing 1/2, or a constant such as 4/pi for 4/pi^2.",
    ),
    "RL804": Code(
        "gradient follows another convention than the value",
        "The value matches the declared definition, the gradient matches a variant of it.",
        "Declare the variant, or remove (or add) a detach.",
    ),
    "RL805": Code(
        "parameter has no effect",
        "Changing the argument leaves results unchanged where the definition says they change.",
        "Forward the argument.",
    ),
    "RL806": Code(
        "parameter acts differently from the definition",
        "Under a changed argument the result leaves the definition.",
        "Compare where the argument enters; or declare another placement.",
    ),
    "RL901": Code(
        "declared deviation did not occur",
        "An entry of the list of known deviations matched nothing in this run.",
        "Remove the entry: the defect is gone, or its code or place changed.",
    ),
}


@dataclass(frozen=True)
class Case:
    """One input row with what came and what was expected, in decimal and in bits.

    Attributes
    ----------
    where : str
        Regime or name of the point.
    inputs : dict of str to dict
        Input name to ``{"decimal": [...], "bits": [...]}``.
    got, reference : str
        Decimal results (reference to 17 digits).
    got_bits : str
        Bits of the result in the format it came in.
    reference_hi_lo : tuple of str
        Truth as an unevaluated sum of two float64 in hexadecimal.
    ulp : float
        Error in units in the last place; infinite for a non-finite result.
    component, upstream : str
        For a gradient: the column differentiated by, and the row's upstream gradient.
    """

    where: str
    inputs: dict[str, dict[str, list[str]]]
    got: str
    reference: str
    got_bits: str = ""
    reference_hi_lo: tuple[str, ...] = ()
    ulp: float = 0.0
    component: str = ""
    upstream: str = ""


@dataclass(frozen=True)
class Finding:
    """A deviation, complete enough to be understood without the run that found it.

    Attributes
    ----------
    code : str
        Key of :data:`CODES`.
    check, dtype : str
        Where it was found.
    message : str
        One sentence; the title of the code is not repeated.
    case : Case, optional
        Worst input.
    cause, fix : str
        Likely cause, where one is recognised, and what to do.
    pattern : str
        Name of the recognised cause, see :mod:`crossval.checks.causes`.
    seen, of : int
        Rows affected and rows looked at.
    places : tuple of str
        Regimes and named points where it occurs.
    known, link : str
        Reason and source of the declared deviation that covers it; empty if undeclared.
    """

    code: str
    check: str
    dtype: str
    message: str
    case: Case | None = None
    cause: str = ""
    fix: str = ""
    pattern: str = ""
    seen: int = 0
    of: int = 0
    places: tuple[str, ...] = ()
    known: str = ""
    link: str = ""
