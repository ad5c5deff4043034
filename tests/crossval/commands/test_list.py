"""refloss list."""

import pytest

from crossval.catalog import losses


@pytest.mark.parametrize("width", [80, 100])
def test_lists_every_loss_axis_and_preset_within_the_width(refloss, width):
    code, out, _ = refloss("list", width=width)
    assert code == 0
    assert max(map(len, out.splitlines())) <= width
    for name, entry in losses().items():
        for word in (name, *entry["axes"], *entry["presets"]):
            assert word in out


def test_family_selects(refloss):
    code, out, _ = refloss("list", "--family", "boxes")
    assert code == 0
    assert "giou" in out
    assert "cross_entropy" not in out
    code, _, err = refloss("list", "--family", "boxs")
    assert code == 4
    assert "did you mean boxes" in err


def test_json_is_the_index(strict_json):
    body = strict_json("list", "--format", "json")
    assert body["schema"] == "refloss-list-1"
    assert set(body["losses"]) == set(losses())
    placement = body["losses"]["giou"]["axes"]["placement"]
    assert placement["default"] == "added"
    assert placement["values"]["floor"]["doc"]
    assert body["losses"]["giou"]["presets"]["torchvision"]["axes"]["eps"] == 1e-7
