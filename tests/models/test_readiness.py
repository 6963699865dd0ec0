import torch

from reverie.models.readiness import computed_in_software


def test_only_a_processors_bfloat16_may_be_computed_in_software():
    assert not computed_in_software(torch.float32, torch.device("cpu"))
    assert not computed_in_software(torch.bfloat16, torch.device("meta"))


def test_an_unknown_processor_counts_as_able(monkeypatch):
    monkeypatch.setattr(torch.ops, "mkldnn", object())
    assert not computed_in_software(torch.bfloat16, torch.device("cpu"))
