import torch

import generator
import reverie


def test_a_tiny_training_makes_a_decoder_to_paint_with(monkeypatch, tmp_path, model):
    threads, seeded = torch.get_num_threads(), torch.random.get_rng_state()
    weights = tmp_path / "generator.safetensors"
    small = ["--pictures", "8", "--steps", "2", "--batch", "4", "--out", str(weights), "--sheet", "sheet.png"]
    monkeypatch.setattr(generator, "FRESH", 8)
    generator.main(small)
    torch.set_num_threads(threads)
    torch.random.set_rng_state(seeded)
    monkeypatch.setattr(generator, "WEIGHTS", weights)
    assert weights.stat().st_size < 4_000_000
    made = reverie.feature(model, "mix:1", parameterization=generator.decoder(), size=32, steps=2)
    assert made.images.shape == (1, 3, 32, 32)
    assert (tmp_path / "sheet.png").exists()
