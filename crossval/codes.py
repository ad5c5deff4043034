"""Every code that a finding can carry, every check, and the words that verdicts are given in.

The list of codes is append-only: a code keeps its meaning for ever, because ledgers, issues and
scripts name it. A new kind of finding gets a new code here before any module may emit it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Code:
    """One entry of the list of finding codes.

    Attributes
    ----------
    title : str
        One line, printed beside the code.
    meaning : str
        What was observed and why it matters.
    cause : str
        What is usually behind it.
    remedy : str
        What the owner of the target can do.
    example : str
        A few lines of a target that earn this code.
    """

    title: str
    meaning: str
    cause: str
    remedy: str
    example: str


@dataclass(frozen=True)
class Subject:
    """A check, or a word of the reports, as ``refloss explain`` tells it.

    Attributes
    ----------
    title, meaning : str
        What it is, in a line and in a paragraph.
    codes : tuple of str
        Codes that it can end in.
    """

    title: str
    meaning: str
    codes: tuple[str, ...] = ()


KINDS: dict[str, str] = {
    "1": "import and running of the target",
    "2": "signature, shapes, dtypes",
    "3": "value",
    "4": "gradient",
    "5": "special values",
    "6": "determinism and independence",
    "7": "environment, checks not run",
    "8": "convention",
    "9": "bookkeeping",
}

CODES: dict[str, Code] = {
    "RL101": Code(
        "cannot import target",
        "The module of the target, or something that it imports, raised. Nothing was run.",
        "A package that is not installed, a misspelt MODULE:ATTR, a wheel built for another torch.",
        "Import it in a plain interpreter; install what is missing; check MODULE:ATTR.",
        "import a_package_that_is_not_installed",
    ),
    "RL102": Code(
        "target's process died",
        "The process that ran the target ended without an answer: os._exit, a segmentation "
        "fault or an abort. The check that was running is lost, the others go on.",
        "An extension that reads beyond an array, or an assertion compiled into it.",
        "Run the named check alone; look at the end of the process's error output.",
        "def loss(pred, target):\n    os._exit(7)",
    ),
    "RL103": Code(
        "target did not answer in time",
        "The call exceeded the time limit and its process was ended.",
        "A lock, an endless loop, or compilation that takes longer than the limit.",
        "Raise --time-limit if the target is only slow; else look for a lock or an endless loop.",
        "def loss(pred, target):\n    while not converged(pred):\n        ...",
    ),
    "RL104": Code(
        "target exceeded the memory limit",
        "The resident memory of the target's process passed the limit and it was ended.",
        "A pairwise (N, N) intermediate where one entry per row would do, or a leak.",
        "Raise --memory-limit, or look for an N x N intermediate.",
        "iou = box_iou(pred, target).diagonal()  # (N, N), of which N entries are used",
    ),
    "RL105": Code(
        "target raised on valid input",
        "Input that the definition covers made the target raise.",
        "An assertion stricter than the definition, or an operation that the input does not suit.",
        "Accept the input, or declare in the target what it does not support.",
        "assert (pred[:, 2:] > pred[:, :2]).all()  # a box of zero width is a box",
    ),
    "RL106": Code(
        "library is not installed",
        "The library that an adapter describes is absent, so its targets were not run.",
        "The extra of that library was not installed.",
        "Install it: pip install 'refloss[libraries]'.",
        "refloss certify --library torchvision  # in an environment without torchvision",
    ),
    "RL201": Code(
        "shape misuse is accepted",
        "Operands whose shapes do not fit were broadcast or cut instead of refused.",
        "Arithmetic that broadcasts, without a check of shapes before it: one row meets many.",
        "Check the number of rows and the trailing dimension before computing.",
        "loss(pred, target[:1])  # 64 rows against 1: 64 numbers come back",
    ),
    "RL202": Code(
        "result has the wrong shape",
        "The loss without reduction must have one entry per row, and each gradient the shape of "
        "its input.",
        "The default reduction is mean, or a trailing dimension of 1 is kept.",
        "Pass reduction='none' through --call, return per-item losses, or declare --reduction.",
        "def loss(pred, target):\n    return (1 - iou(pred, target)).mean()",
    ),
    "RL203": Code(
        "signature does not fit the loss",
        "The target cannot be called with the loss's inputs.",
        "Other argument names, another order, or an argument without a default.",
        "Give --call, for example --call 'f(pred, target, eps=eps)'.",
        "def loss(*, boxes1, boxes2): ...  # --call 'f(boxes1=pred, boxes2=target)'",
    ),
    "RL204": Code(
        "dtype out differs from dtype in",
        "The value or a gradient came back in another format than the inputs have.",
        "Inputs are widened on entry and the result is not cast back.",
        "Cast the result back to the inputs' dtype, or document the widening.",
        "def loss(pred, target):\n    pred = pred.float()  # float16 in, float32 out",
    ),
    "RL205": Code(
        "an input was changed in place",
        "The bits of an input tensor differ after the call.",
        "An in-place operation on a view of an argument.",
        "Work on a copy.",
        "pred[:, 2:] -= pred[:, :2]  # the caller's boxes are now sizes",
    ),
    "RL206": Code(
        "non-contiguous input changes the result",
        "A strided view with the same entries gives another result.",
        "A kernel reads the memory behind the view instead of following its strides.",
        "Honour strides, or call contiguous() first.",
        "kernel(pred.data_ptr(), n)  # right for contiguous boxes only",
    ),
    "RL207": Code(
        "empty batch is not handled",
        "Zero rows must give zero losses and empty gradients.",
        "An index, a max() or a launch with a grid of 0 that assumes at least one row.",
        "Return an empty result for an empty batch.",
        "scale = pred.max()  # raises for shape (0, 4)",
    ),
    "RL208": Code(
        "target cannot be called in this dtype",
        "The target raised for every input of this dtype.",
        "An operation that the framework lacks in this dtype, or a kernel built for float32 only.",
        "Support the dtype, or leave it out with --dtype.",
        "AT_DISPATCH_FLOATING_TYPES(...)  // float16 and bfloat16 raise",
    ),
    "RL209": Code(
        "binding does not fit the target",
        "An input or axis is bound to an attribute that the target does not have, or that cannot "
        "hold it. Nothing was run.",
        "A misspelt attribute, a parameter that is made only in the first call, or another shape.",
        "Bind it to a parameter, tensor, array or number that the target reads.",
        "refloss certify losses.py:Boxes --as giou --bind pred=f.boxes  # it is called f.corners",
    ),
    "RL210": Code(
        "a class that does not exist is accepted",
        "A class below 0, or not below the number of classes, gave a result instead of an error.",
        "Indexing that wraps negative numbers, a clamp, or memory read without a check.",
        "Check that 0 <= target < C wherever the row is not ignored.",
        "picked = logits[numpy.arange(len(target)), target]  # -1 is the last class",
    ),
    "RL301": Code(
        "value is off",
        "The error exceeds 4 ulp, exceeds 8 u times the condition of the value, and exceeds "
        "twice the rounding bound of the textbook program in the same format.",
        "Another formula, another constant, or cancellation beyond what the formula itself has.",
        "Compare intermediates with those of the loss's trace, as refloss.ciou.trace.",
        "v = (4 / math.pi) * (atan(wt / ht) - atan(w / h)) ** 2  # 4 / pi^2 is meant",
    ),
    "RL302": Code(
        "value is not finite where the definition is",
        "NaN or infinity came back for an input whose loss is a finite number.",
        "0 / 0 or log(0) at a degenerate row, or an intermediate beyond the format's range.",
        "Guard the division, or compute in a wider format.",
        "alpha = v / (1 - iou + v)  # 0 / 0 for identical boxes",
    ),
    "RL401": Code(
        "gradient is not finite",
        "NaN or infinity came back where the derivative is a finite number. One such entry "
        "destroys a training run.",
        "An infinite derivative times 0: sqrt, log, pow, acos or a quotient at the end of its "
        "domain, often behind a where() that hides it in the value only.",
        "Guard the operation before differentiating it: a where() after it does not help.",
        "angle = torch.atan(w / h)  # h = 0: the value is pi/2, its derivative 0 * inf",
    ),
    "RL402": Code(
        "gradient is off",
        "The error exceeds 8 ulp, exceeds 8 u times the condition of the component, and exceeds "
        "twice the rounding bound of the textbook program in the same format.",
        "A term is missing in a backward written by hand, or an intermediate is narrower than the "
        "inputs.",
        "Compare adjoints with those of the loss's trace, as refloss.ciou.trace.",
        "grad_iou = -inter_bar / union  # d(union) depends on inter too",
    ),
    "RL403": Code(
        "gradient is exactly 0 where the loss is not flat",
        "A zero came back although the derivative is not zero and not small.",
        "A detach, a clamp that is active, or a difference that cancels to 0.",
        "Look for a detach, a no_grad, or a mask that is too wide.",
        "p = torch.sigmoid(z).clamp(1e-7, 1 - 1e-7)  # flat beyond |z| = 16",
    ),
    "RL404": Code(
        "gradient has the opposite sign",
        "All conclusive entries agree with the negative of the reference.",
        "The gradient of the metric instead of the loss, or a descent direction.",
        "This is the descent direction or an ascent on the metric; negate it.",
        "return iou_grad  # the loss is 1 - iou",
    ),
    "RL405": Code(
        "gradient lies outside the generalized gradient at a tie",
        "Where a comparison ties, any convex combination of the one-sided derivatives is "
        "accepted; this is none.",
        "max and min of one tied pair are resolved inconsistently, or a term is lost.",
        "Resolve each tie once and use the same resolution in every term.",
        "d_max, d_min = a >= b, a <= b  # at a = b both are 1: slopes add up to 2",
    ),
    "RL406": Code(
        "upstream gradient is mishandled",
        "The gradient is not the derivative of sum(loss * upstream) for a non-uniform upstream.",
        "A backward written for loss.sum() or loss.mean(): grad_output is dropped, or its first "
        "entry is used for every row.",
        "Multiply row i's derivative by upstream[i].",
        "def backward(ctx, grad_output):\n    return ctx.saved_grad  # grad_output is ignored",
    ),
    "RL407": Code(
        "gradients of two inputs are exchanged",
        "The gradient returned for one input is the derivative with respect to another.",
        "The order of the backward's results differs from the order of forward's arguments.",
        "Swap them in the backward function.",
        "return grad_target, grad_pred  # forward takes (pred, target)",
    ),
    "RL408": Code(
        "no gradient reaches an input",
        "Backpropagation leaves the input without a gradient.",
        "A detach, a conversion to NumPy and back, or an input used as a constant.",
        "Remove the detach, or declare the input as constant with --wrt.",
        "target = target.detach()  # a loss of two moving boxes has two gradients",
    ),
    "RL501": Code(
        "value at a degenerate point differs from the definition",
        "Where the formula itself is 0/0 the definition states the value; the target's differs.",
        "Another convention for empty input than the declared preset has.",
        "Return the declared value, or declare another preset.",
        "iou = torch.where(union > 0, inter / union, 1)  # refloss states 0",
    ),
    "RL502": Code(
        "an ignored row has an effect",
        "The loss or the gradient of a row that ignore_index marks is not 0.",
        "Smoothing or a penalty that is added before the mask, or a mask that only scales.",
        "Select, do not multiply: where(target == ignore_index, 0, loss), with everything in it.",
        "loss = (1 - eps) * nll.masked_fill(ignored, 0) + eps * smooth  # smooth is not masked",
    ),
    "RL503": Code(
        "NaN of an ignored row reaches its results",
        "A row that ignore_index marks has no effect whatever its logits hold; here NaN in them "
        "comes back as NaN in its loss or its gradient. Padding often holds NaN.",
        "The row is multiplied by 0, and 0 times NaN is NaN; in a gradient it may be the softmax "
        "that is multiplied by 0.",
        "Select, do not multiply, in the backward too: where(ignored, 0, softmax - target).",
        "return (loss * (target != ignore_index)).sum()  # NaN * 0 is NaN",
    ),
    "RL601": Code(
        "not deterministic",
        "The same call gave different bits.",
        "Atomic additions in a changing order, dropout, or memory that is read before it is set.",
        "Remove the random or racing part, or the state that survives a call.",
        "tl.atomic_add(out, partial)  # sums in the order in which blocks finish",
    ),
    "RL602": Code(
        "stale result",
        "A call with other inputs returned the bits of an earlier call.",
        "A cache keyed by shape, address, some of the inputs or nothing; a captured graph with old "
        "buffers.",
        "Do not cache, or key by the contents of all inputs.",
        "@lru_cache\ndef loss_of(shape): ...",
    ),
    "RL603": Code(
        "a row depends on the other rows",
        "The same rows in another order give results outside their tolerance.",
        "A reduction over the batch, a broadcast upstream, or an index that is off.",
        "Look for a reduction, a broadcast upstream, or an index that is off.",
        "p = torch.exp(z - z.max())  # the batch's maximum, not the row's",
    ),
    "RL701": Code(
        "check was not run",
        "Something the check needs is missing, or the target died too often.",
        "Earlier crashes used up the number of restarts.",
        "See the text of the finding.",
        "three calls ended in a segmentation fault; the other checks are not run",
    ),
    "RL801": Code(
        "convention mismatch",
        "The target follows a named convention, but not the declared one.",
        "Another library's formula was ported, or the default of an option differs.",
        "Declare it with --as or --set, or change the implementation.",
        "refloss certify mine.py:giou --as giou/mmdet  # eps is added as fvcore does",
    ),
    "RL802": Code(
        "constant factor",
        "Result and reference differ by one factor at all points.",
        "A logarithm to another base, a missing 1/2, or a constant such as 4/pi for 4/pi^2.",
        "Look for a logarithm's base, a missing 1/2, or a constant such as 4/pi for 4/pi^2.",
        "return -log_p / math.log(2)  # bits, where the definition counts in nats",
    ),
    "RL804": Code(
        "gradient follows another convention than the value",
        "The value matches the declared definition, the gradient matches a variant of it.",
        "A factor that the definition detaches is differentiated, or the reverse.",
        "Declare the variant, or remove (or add) a detach.",
        "alpha = v / (1 - iou + v)  # torchvision computes it under no_grad",
    ),
    "RL805": Code(
        "parameter has no effect",
        "Changing the argument leaves results unchanged where the definition says they change.",
        "The argument is not forwarded to a helper, which keeps its own default.",
        "Forward the argument.",
        "def loss(pred, target, eps=1e-7):\n    return helper(pred, target)  # eps stops here",
    ),
    "RL806": Code(
        "parameter acts differently from the definition",
        "Under a changed argument the result leaves the definition.",
        "The argument enters at another place than the declared convention says.",
        "Compare where the argument enters; or declare another placement.",
        "iou = inter / union.clamp(min=eps)  # the declared convention adds eps",
    ),
    "RL807": Code(
        "another denominator",
        "The losses are right, what their sum is divided by is not what was declared, or it is "
        "nothing that is known.",
        "A mean over the items where the kept rows or the sum of their weights are meant, over "
        "the sum of all class weights, over the classes too, or a sum.",
        "Divide by what the axis denominator says, or declare another with --set denominator=...",
        "return (weight[target] * loss).sum() / weight.sum()  # torch: weight[target].sum()",
    ),
    "RL901": Code(
        "declared deviation did not occur",
        "An entry of the list of known deviations matched nothing in this run.",
        "The library was mended, or the entry's check, dtype or pattern is misspelt.",
        "Remove the entry: the defect is gone, or its code or place changed.",
        '[[known]]\ntarget = "lib:loss"\ncheck = "grad[pred]"\ncode = "RL401"  # no longer NaN',
    ),
    "RL902": Code(
        "expected failure names no check",
        "An expected failure is declared for a check that the target does not have, so that "
        "nothing could ever contradict it.",
        "A misspelt check, another name of an input, or a format that is not tested.",
        "Correct its name or remove it.",
        'xfail = [{ check = "grad-boxes-float32", reason = "..." }]  # it is grad-pred-float32',
    ),
}

HYGIENE = frozenset({"RL201", "RL204", "RL207", "RL210", "RL503"})
"""Codes of what is accepted, refused or passed on beside the numbers: they lower no grade."""

_NUMBERS = ("RL301", "RL302", "RL801", "RL802", "RL807")
_SLOPES = (
    "RL401",
    "RL402",
    "RL403",
    "RL404",
    "RL406",
    "RL407",
    "RL408",
    "RL801",
    "RL802",
    "RL804",
    "RL807",
)

CHECKS: dict[str, Subject] = {
    "import": Subject(
        "the target can be imported",
        "The target is imported, and instantiated if it is a class, in a process of its own. If "
        "that fails nothing else is run, and the exit code is 4.",
        ("RL101", "RL102", "RL103", "RL104", "RL106", "RL203", "RL209"),
    ),
    "call": Subject(
        "the target answers for every point",
        "All pinned points of a format in one call; where that raises, place by place, so that "
        "the rows which raise are named and the others are judged.",
        ("RL102", "RL103", "RL104", "RL105", "RL202", "RL203", "RL208"),
    ),
    "value": Subject(
        "the loss, row by row, against certified truth",
        "Each number is graded on its own: A within 4 ulp, B explained by its condition, C within "
        "twice the rounding bound of the textbook formula, F beyond all of them.",
        _NUMBERS,
    ),
    "grad": Subject(
        "the derivative of sum(loss * upstream) by one input, against certified truth",
        "Upstream differs from row to row and has both signs. Each component is graded on its "
        "own, with 8 ulp for grade A; where the derivative is not unique it must be finite here "
        "and inside the generalized gradient in the check named ties.",
        _SLOPES,
    ),
    "ties": Subject(
        "gradients where comparisons tie",
        "At a tie of max or min the truth is the convex hull of the one-sided gradients. All "
        "gradients of a row are judged jointly; the choice that the target makes is named.",
        ("RL405",),
    ),
    "special points": Subject(
        "named points: degenerate, identical and touching input",
        "Value and gradients at every named point of the set. Where the formula is 0/0 the "
        "definition states the value; everything must be finite.",
        (*_NUMBERS, *_SLOPES[:7], "RL501", "RL804"),
    ),
    "mutation": Subject(
        "inputs keep their bits", "With and without automatic differentiation.", ("RL205",)
    ),
    "determinism": Subject(
        "the same call gives the same bits",
        "Three calls, the middle one with other rows, so that a result kept from an earlier call "
        "shows too.",
        ("RL601", "RL602"),
    ),
    "row independence": Subject(
        "a row's result does not depend on the other rows",
        "The rows are reversed; results may change their last bits but not leave their tolerance.",
        ("RL602", "RL603"),
    ),
    "strides": Subject(
        "non-contiguous input",
        "Every second row and column of a larger block that holds NaN elsewhere.",
        ("RL105", "RL206"),
    ),
    "dtype": Subject("results come in the inputs' format", "Value and gradients.", ("RL204",)),
    "shape misuse": Subject(
        "operands that do not fit are refused",
        "One input with a row less, with a single row, without its batch dimension; and all "
        "inputs with a column less and a column more.",
        ("RL201",),
    ),
    "empty batch": Subject(
        "zero rows", "Zero losses of shape (0,), gradients of shape (0, k).", ("RL207",)
    ),
    "class_weight": Subject(
        "class weights act as the definition says",
        "Value and gradients with weights between 0 and 4; a class of weight 0 adds nothing. Where "
        "labels are smoothed, each class's term has that class's weight.",
        (*_NUMBERS, *_SLOPES, "RL805"),
    ),
    "weight": Subject(
        "weights of single elements act as the definition says",
        "Value and gradients with one weight, 2.5, for all elements.",
        (*_NUMBERS, *_SLOPES, "RL805"),
    ),
    "pos_weight": Subject(
        "weights of positives act as the definition says",
        "Value and gradients with pos_weight 2.5.",
        (*_NUMBERS, *_SLOPES, "RL805"),
    ),
    "ignore_index": Subject(
        "ignored rows have no effect",
        "Marked by -100, then by a number that is a class, then with NaN for logits: loss 0 and "
        "gradient 0 there, ordinary results in all other rows; label smoothing adds nothing.",
        (*_NUMBERS, *_SLOPES, "RL502", "RL503"),
    ),
    "reduction": Subject(
        "mean and sum",
        "Batches of one, three and eight rows, with class weights and with ignored rows: the value "
        "is the sum of the losses over the declared denominator, or the declared function of sums "
        "over the batch, the gradient that of the value. "
        "Batches of no rows, and of ignored rows only, give what is declared of them.",
        ("RL105", "RL202", "RL301", "RL402", "RL406", "RL801", "RL805", "RL807"),
    ),
    "batch": Subject(
        "several embeddings before one matrix of classes",
        "Values and gradients by the embeddings are those of single calls, row by row; what is "
        "differentiated by that a call has one of gets the sum over its rows, weighted by a "
        "non-uniform upstream gradient.",
        ("RL105", "RL202", "RL301", "RL402", "RL406", "RL603"),
    ),
    "class range": Subject(
        "a class that does not exist is refused", "The classes -1 and C.", ("RL210",)
    ),
    "class count": Subject(
        "rows of 2, 3, 33 and 1000 classes",
        "Value and gradients on the ordinary regimes.",
        (*_NUMBERS, *_SLOPES),
    ),
    "coordinates": Subject(
        "vectors of 1, 2 and 33 numbers, and of 1000 where there are no classes",
        "Value and gradients on the ordinary regimes.",
        (*_NUMBERS, *_SLOPES),
    ),
    "parameter": Subject(
        "an argument acts as the definition says",
        "Each numeric axis that the target takes as an argument is set to 1/64 and judged again; "
        "constants that the argument does not reach are found by trying subsets.",
        ("RL805", "RL806"),
    ),
}

TOPICS: dict[str, Subject] = {
    "grades": Subject(
        "A, B, C, F: how far a number may be from the truth, and why",
        "A: within 4 ulp of the truth (gradients 8). B: within 8 u times the condition number: "
        "exact for inputs that differ by a few roundings. C: within twice the rounding bound of "
        "the textbook formula in the same format. F: anything else, NaN and infinity included. "
        "A check's grade is its worst number's; each number has tolerances of its own.",
    ),
    "hygiene": Subject(
        "H: what is wrong beside the numbers",
        "Shapes and classes that should be refused, results in another format, zero rows, NaN of "
        "an ignored row. Such findings stand in a line of their own beside the grade, which is of "
        "numbers alone. Undeclared ones still fail: exit code 1, and a failing item of pytest. "
        "Changed inputs, results that do not repeat and stale results are no hygiene: F.",
        ("RL201", "RL204", "RL207", "RL210", "RL503"),
    ),
    "exit codes": Subject(
        "what the command returns",
        "0 pass, declared deviations included; 1 failures; 2 interrupted; 3 internal error; 4 "
        "usage, adapter or import error; 5 nothing selected.",
    ),
    "vacuous": Subject(
        "the power of a tolerance",
        "The share of non-zero truths for which 0 would have passed in their place. A number "
        "whose tolerance tells it neither from 0 nor from its negative is inconclusive and "
        "counts for no grade.",
    ),
    "condition": Subject(
        "how much the loss amplifies errors of its input",
        "sum |x_i df/dx_i| / |f|: a relative error of u in every input moves the result by at "
        "most that many u, to first order. A large condition is a property of the loss at that "
        "point, not of an implementation.",
    ),
    "kinds": Subject(
        "regular, tie, undefined, undecided",
        "regular: one derivative. tie: comparisons of exactly equal numbers, so the truth is the "
        "convex hull of several one-sided gradients, its vertices. undefined: no derivative "
        "exists and the definition states one. undecided: the enclosures could not tell.",
    ),
    "case ids": Subject(
        "LOSS[/PRESET][,AXIS=VALUE...]@VERSION[-LEVEL]#ROW[:DTYPE]",
        "A row of the pinned points under a definition, axis values on top of the preset included. "
        "Version and level name the set (standard if no level is given), the row counts from 0, "
        "the dtype is the format whose grid the row lies on (float32 if none is given). A set "
        "never changes under its version, so an id means the same numbers in every release. "
        "FILE.json#CASE means a case of a certificate, by row, row:dtype, code or check.",
    ),
}


def check_name(name: str) -> str:
    """Key of :data:`CHECKS` for a check as reports print it: ``grad[pred]`` is ``grad``."""
    return "parameter" if name.startswith("parameter ") else name.partition("[")[0]
