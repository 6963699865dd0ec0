# %% [markdown]
# # Made and real
#
# An optimised picture shows what a unit could want, real patches show what it gets. Here both, of the small network of
# drawn motifs that comes with `reverie`, on pieces of the two sample photos.

# %%
from pathlib import Path

from PIL import Image

import reverie
from reverie.paths import sample

model = reverie.load("bundled")
Path("pieces").mkdir(exist_ok=True)
for name in ("flower", "china"):
    photo = Image.open(sample(name))
    for top in range(0, photo.height - 95, 64):
        for left in range(0, photo.width - 95, 64):
            photo.crop((left, top, left + 96, top + 96)).save(f"pieces/{name}-{top}-{left}.png")

# %% [markdown]
# ## Made: four views of a channel, and its minimum activation

# %%
reverie.feature(model, "mixed4a:12", size=96, steps=64, diversity=3, both=True, progress=False)

# %% [markdown]
# ## Real: one pass over the photos, then the strongest patches

# %%
found = reverie.scan(model, "pieces/", "pieces.db", layers=["mixed4a"], workers=0, progress=False)
reverie.patches(model, "mixed4a:12", found, most=6, side=96, progress=False)

# %% [markdown]
# How often does it fire, and how strongly in the photos?

# %%
tallies = found.tallies("mixed4a")
print("largest values:", [round(float(value), 2) for value in tallies.top.values[12][:4]])
print("99 % of the photos stay below", round(float(tallies.maxima.quantile(0.99)[12]), 2))

# %% [markdown]
# ## All of it on one card
#
# `unit_cards` shows the same with a field for any other unit; `live` shows a run while it goes on.

# %%
from reverie.notebook import unit_cards

cards = unit_cards(model, "mixed4a:12", scan="pieces.db", steps=16, link_steps=4, size=64)
cards.result().facts

# %%
cards
