import pytest
import torch

from reverie.models.readiness import computed_in_software, matrix_units, precision_named


def test_only_a_processors_bfloat16_may_be_computed_in_software():
    assert not computed_in_software(torch.float32, torch.device("cpu"))
    assert not computed_in_software(torch.bfloat16, torch.device("meta"))


def test_an_unknown_processor_counts_as_able(monkeypatch):
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert not computed_in_software(torch.bfloat16, torch.device("cpu"))


@pytest.mark.parametrize(("units", "expected"), [(True, torch.bfloat16), (False, torch.float32)])
def test_auto_takes_bfloat16_only_where_there_are_matrix_units(monkeypatch, units, expected):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": units, "avx512_bf16": True})
    cpu = torch.device("cpu")
    assert matrix_units(cpu) is units
    assert precision_named("auto", cpu) == expected
    assert precision_named("bfloat16", cpu) == torch.bfloat16


def test_a_torch_that_cannot_say_has_none(monkeypatch):
    monkeypatch.delattr(torch.cpu, "get_capabilities", raising=False)
    assert not matrix_units(torch.device("cpu"))
    assert not matrix_units(torch.device("meta"))
