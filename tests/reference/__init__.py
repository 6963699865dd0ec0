"""The papers' formulas a second time: slow, plain, in loops."""
