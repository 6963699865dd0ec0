# %% [markdown]
# # Your own network, your own question
#
# Any `torch.nn.Module` can be asked, and a question is a sum of terms. Nothing of your module is changed.

# %%
import torch
from torch import nn

import reverie

torch.manual_seed(0)
module = nn.Sequential(
    nn.Conv2d(3, 16, 5, stride=2, padding=2),
    nn.ReLU(),
    nn.Conv2d(16, 32, 3, stride=2, padding=1),
    nn.ReLU(),
    nn.AdaptiveAvgPool2d(1),
    nn.Flatten(),
    nn.Linear(32, 4),
)
own = reverie.load(module, size=64, classes=["red", "green", "blue", "none"])
[(layer.name, layer.kind, layer.channels, layer.receptive_field) for layer in own.layers.values()]

# %% [markdown]
# It was never trained, and looks like it:

# %%
reverie.feature(own, ["0:0-3", "2:0-3"], size=64, steps=32, progress=False)

# %% [markdown]
# ## A question of your own
#
# One channel, less of another, and smooth; on a network that was trained on drawn motifs.

# %%
from reverie.objectives import channel, total_variation

model = reverie.load("bundled")
wish = channel("mixed4c", 12) - 0.5 * channel("mixed4c", 40) - 0.3 * total_variation()
wish

# %%
reverie.feature(model, wish, size=96, steps=64, progress=False)

# %% [markdown]
# ## Step by step
#
# A run is a generator of steps; to stop is to stop reading. With the extra `notebook`, `live` does this in the
# background and draws it.

# %%
recipe = reverie.recipes.feature(model, "mixed4c:12", size=64, steps=32)
scores = []
for step in reverie.iterate(model, recipe):
    scores.append(float(step.score.mean()))
    if len(scores) >= 8 and scores[-1] < scores[0]:
        break
print(f"from {scores[0]:.2f} to {scores[-1]:.2f} in {len(scores)} steps")

# %%
from reverie.notebook import live
from reverie.synthesis.batches import Synthesis

shown = live(Synthesis(model, recipe))
shown.result().labels
