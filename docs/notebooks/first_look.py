# %% [markdown]
# # A first look
#
# What does a network see? Three questions to EfficientNet-Lite0, whose weights are installed with `reverie`: what it
# makes of a photo, what its parts look for, and where it sees its class. Sizes are small, so that a cell takes seconds.

# %%
import reverie

model = reverie.load()
model

# %% [markdown]
# ## A dream
#
# More of what `block8` already sees in the photo. A picture as the last line of a cell shows itself.

# %%
dream = reverie.dream(model, "sample:china", "block11", size=240, octaves=2, progress=False)
dream

# %% [markdown]
# ## What parts of it look for
#
# Three channels and a class, climbed from noise, in one batch.

# %%
made = reverie.feature(model, ["block11:2-3", "block6:12", "logits:daisy"], size=96, steps=96, progress=False)
made

# %% [markdown]
# The pictures are numbers too, and each knows how it was made:

# %%
print(tuple(made.images.shape), float(made.images.min()) >= 0, float(made.images.max()) <= 1)
print(str(made.records[0])[:200])

# %% [markdown]
# ## Where it sees its class
#
# ImageNet has no dahlia; the network takes it for a daisy, with 12 %.

# %%
reverie.explain(model, "sample:flower", method=["grad-cam", "guided-backprop"], size=160, progress=False)
