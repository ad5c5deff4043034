"""Every kernel on a device: the tests that fibers pass, launched by CuPy.

Against certified truth, bit for bit against the program compiled for the CPU, in all formats and
layouts of memory, for numbers of items and classes around those of threads, for any number of
blocks.
"""

import pytest

from tests.kernels.cuda import (
    row_runs,
    test_center_bars,
    test_formats,
    test_item_bars,
    test_items,
    test_pair_bars,
    test_row_sizes,
    test_similarity_bars,
    test_triplet_bars,
)
from tests.kernels.cuda.test_center_bars import (
    test_any_number_of_coordinates_meets_the_bars as test_centers_of_any_size_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_center_bars import (
    test_the_bars_are_met as test_centers_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_formats import (
    test_elementwise_kernels_that_compute_in_float_are_rounded_once,  # noqa: F401
    test_row_kernels_that_compute_in_float_are_rounded_once,  # noqa: F401
)
from tests.kernels.cuda.test_item_bars import (
    test_the_bars_are_met as test_items_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_items import (
    test_boxes_of_other_layouts_are_those_of_the_host_and_of_corners,  # noqa: F401
    test_one_number_for_all_items_and_outputs_that_nobody_wants,  # noqa: F401
    test_sizes_schedules_and_layouts_change_no_bit,  # noqa: F401
    test_the_host_computes_the_same_bits_and_so_do_constants_that_are_numbers,  # noqa: F401
)
from tests.kernels.cuda.test_pair_bars import (
    test_any_number_of_coordinates_meets_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_pair_bars import (
    test_the_bars_are_met as test_pairs_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_row_bars import (
    test_the_bars_are_met as test_rows_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_row_sizes import (
    test_a_row_of_many_classes_meets_the_bars,  # noqa: F401
    test_any_number_of_classes_meets_the_bars,  # noqa: F401
    test_any_number_of_rows,  # noqa: F401
    test_constants_that_are_numbers_change_no_bit,  # noqa: F401
    test_ignored_rows_are_0_and_leave_the_others_alone,  # noqa: F401
    test_rows_of_classes_that_do_not_exist_are_nan_and_leave_the_others_alone,  # noqa: F401
    test_schedules_layouts_and_blocks_change_no_bit,  # noqa: F401
)
from tests.kernels.cuda.test_similarity_bars import (
    test_rows_of_any_length_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_similarity_bars import (
    test_the_bars_are_met as test_similarities_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_triplet_bars import (
    test_any_number_of_coordinates_meets_the_bars as test_triplets_of_any_size_meet_the_bars,  # noqa: F401
)
from tests.kernels.cuda.test_triplet_bars import (
    test_the_bars_are_met as test_triplets_meet_the_bars,  # noqa: F401
)

from .launching import launch

pytestmark = pytest.mark.gpu


@pytest.fixture(autouse=True)
def on_the_device(monkeypatch):
    bars = (test_center_bars, test_item_bars, test_pair_bars, test_similarity_bars)
    bars = (*bars, test_triplet_bars)
    for module in (row_runs, test_formats, test_items, test_row_sizes, *bars):
        monkeypatch.setattr(module, "launch", launch)
