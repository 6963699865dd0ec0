"""torch's operators: how their outputs' numbers come from their inputs', by name without the last `_`; how to see them.

What follows a network through one forward (receptive fields, effective weights) reads this and nothing else.
"""

from torch.utils._python_dispatch import TorchDispatchMode

# fmt: off
RESHAPED = frozenset(["view", "_unsafe_view", "reshape", "_reshape_alias", "squeeze", "unsqueeze"])
"""The numbers in their order, in another shape."""
JOINED = frozenset(["cat", "stack"])
"""Several tensors side by side."""
TURNED = frozenset(["flip", "roll", "permute", "transpose", "t"])
"""Whole axes, turned round or put in another order."""
MOVED = RESHAPED | JOINED | TURNED | {
    "slice", "select", "split", "split_with_sizes", "chunk", "unbind", "expand", "repeat", "narrow", "channel_shuffle",
    "native_channel_shuffle", "pixel_shuffle", "pixel_unshuffle", "index", "index_select", "unfold", "constant_pad_nd",
}
"""Numbers that move, or are chosen among, as they are."""
KEPT = frozenset(["clone", "contiguous", "alias", "detach", "_to_copy", "native_dropout", "lift_fresh", "copy"])
"""The very numbers at the very places."""
ELEMENTWISE = frozenset([
    "hardswish", "hardsigmoid", "hardtanh", "leaky_relu", "elu", "_prelu_kernel", "rrelu_with_noise", "softplus",
    "log_sigmoid_forward", "softshrink", "hardshrink", "threshold", "mish", "silu", "gelu",
])
"""Each number for itself, where torch does not say so by its tag `pointwise`."""
POOLED = frozenset([
    "max_pool2d_with_indices", "max_pool2d", "max_pool3d_with_indices", "avg_pool2d", "avg_pool3d",
])
"""Windows of each channel."""
ADAPTED = frozenset(["_adaptive_avg_pool2d", "adaptive_max_pool2d"])
"""Windows of each channel, their size from the output's."""
RESIZED = frozenset([
    "upsample_nearest1d", "upsample_nearest2d", "_upsample_nearest_exact2d", "upsample_linear1d",
    "upsample_bilinear2d", "upsample_bicubic2d", "_upsample_bilinear2d_aa", "_upsample_bicubic2d_aa",
])
"""Each channel on another grid."""
PADDED = {
    "constant_pad_nd": "nothing",
    **{f"reflection_pad{axes}d": "reflect" for axes in (1, 2, 3)},
    **{f"replication_pad{axes}d": "replicate" for axes in (1, 2, 3)},
}
"""A frame round the map, and what stands in it."""
NORMED = frozenset(["native_batch_norm", "_native_batch_norm_legit_no_training", "_native_batch_norm_legit",
                    "cudnn_batch_norm", "batch_norm"])
"""Batch norms: statistics of their own, or each channel's."""
REDUCED = frozenset([
    "mean", "sum", "amax", "amin", "max", "min", "var", "std", "var_mean", "std_mean", "linalg_vector_norm", "norm",
    "logsumexp", "prod", "any", "all", "argmax", "argmin", "nanmean", "nansum",
])
"""One number of many, along some axes."""
MIXED = frozenset(["_softmax", "_log_softmax", "cumsum", "cumprod", "logcumsumexp", "_safe_softmax"])
"""Each number of all along an axis, at its place."""
MULTIPLIED = frozenset(["mm", "addmm", "bmm", "baddbmm", "linear"])
"""Matrix products."""
MADE = frozenset(["zeros_like", "ones_like", "empty_like", "full_like", "rand_like", "randn_like", "new_zeros",
                  "new_ones", "new_empty", "new_full", "new_empty_strided", "zero", "fill", "arange", "scalar_tensor"])
"""Numbers that do not come from what is given."""
# fmt: on
SIZEWISE = frozenset([*PADDED, *ADAPTED, *RESIZED, "slice", "narrow", "as_strided"])
"""Whose settings a network may have worked out from the size of the map."""


class Watched(TorchDispatchMode):
    """A mode that is told each operator; torch's compiler, which takes seconds to import, need not know of it."""

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        return False
