"""Blocks against torchvision, formulas written out, and parameters counted by hand."""

import re
from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.resnet import BasicBlock, Bottleneck
from torchvision.models.video.resnet import BasicBlock as VideoBlock
from torchvision.models.video.resnet import Conv2Plus1D

from mmtutor.blocks import Block, PlainBlock, PreActivationBlock, ResidualBlock, Stage
from mmtutor.layers import ChannelNorm
from mmtutor.weights import copy_weights

BLOCKS = [PlainBlock, ResidualBlock, PreActivationBlock]


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def trained(block: nn.Module) -> nn.Module:
    """Give the normalizations weights and statistics that training might have left."""
    for layer in block.modules():
        if isinstance(layer, (nn.modules.batchnorm._BatchNorm, ChannelNorm)):
            nn.init.uniform_(layer.weight, 0.5, 1.5)
            nn.init.normal_(layer.bias, std=0.2)
        if isinstance(layer, nn.modules.batchnorm._BatchNorm):
            nn.init.normal_(layer.running_mean, std=0.2)
            nn.init.uniform_(layer.running_var, 0.5, 2.0)
    return block


# --- parity with torchvision -----------------------------------------------------------------


def torchvision_block(bottleneck: bool, inside: int, outside: int, stride: int) -> nn.Module:
    kind = Bottleneck if bottleneck else BasicBlock
    projection = None
    if stride > 1 or inside != outside:
        conv = nn.Conv2d(inside, outside, 1, stride, bias=False)
        projection = nn.Sequential(conv, nn.BatchNorm2d(outside))
    return kind(inside, outside // kind.expansion, stride, projection)


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize(("inside", "outside", "stride"), [(8, 8, 1), (8, 16, 1), (8, 16, 2)])
@pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])
def test_a_residual_block_equals_torchvisions_forwards_and_backwards(
    bottleneck: bool, inside: int, outside: int, stride: int, train: bool
) -> None:
    theirs = trained(torchvision_block(bottleneck, inside, outside, stride)).double().train(train)
    ours = ResidualBlock(inside, outside, stride=stride, bottleneck=bottleneck).double()
    copy_weights(theirs, ours.train(train))
    x = torch.randn(3, inside, 9, 9, dtype=torch.float64)
    torch.testing.assert_close(all_that_follows(ours, x), all_that_follows(theirs, x))


def all_that_follows(block: nn.Module, x: Tensor) -> list[Tensor]:
    """Return the output, the gradients of a weighted sum of it, and the buffers."""
    leaf = x.clone().requires_grad_()
    y = block(leaf)
    (y * torch.linspace(-1, 1, y.numel(), dtype=y.dtype).view_as(y)).sum().backward()
    gradients = [leaf.grad, *(parameter.grad for parameter in block.parameters())]
    return [y, *gradients, *block.buffers()]


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
def test_a_factorized_residual_block_equals_torchvisions(train: bool) -> None:
    theirs = trained(VideoBlock(8, 8, Conv2Plus1D)).double().train(train)
    ours = ResidualBlock(8, 8, dims=3, factorized=True).double()
    copy_weights(theirs, ours.train(train))
    x = torch.randn(2, 8, 4, 5, 6, dtype=torch.float64)
    torch.testing.assert_close(all_that_follows(ours, x), all_that_follows(theirs, x))


# --- formulas --------------------------------------------------------------------------------


def batch_norm(x: Tensor, norm: nn.Module) -> Tensor:
    mean, variance, weight, bias = (
        values[:, None, None]
        for values in (norm.running_mean, norm.running_var, norm.weight, norm.bias)
    )
    return weight * (x - mean) / torch.sqrt(variance + 1e-5) + bias


def test_a_pre_activation_block_is_its_formula() -> None:
    block = trained(PreActivationBlock(4, 6, stride=2)).eval()
    (norm1, conv1), (norm2, conv2) = block.layers
    x = torch.randn(2, 4, 7, 7)
    h = F.conv2d(F.relu(batch_norm(x, norm1)), conv1.weight, stride=2, padding=1)
    h = F.conv2d(F.relu(batch_norm(h, norm2)), conv2.weight, padding=1)
    expected = h + F.conv2d(x, block.shortcut.weight, stride=2)
    torch.testing.assert_close(block(x), expected)


def test_the_shortcut_is_all_that_a_residual_block_adds_to_a_plain_one() -> None:
    plain, residual = trained(PlainBlock(4, 4)), ResidualBlock(4, 4)
    copy_weights(plain, residual)
    x = torch.randn(2, 4, 5, 5)
    torch.testing.assert_close(plain(x), F.relu(plain.branch(x)))
    torch.testing.assert_close(residual(x), F.relu(plain.branch(x) + x))


def test_the_derivative_of_a_pre_activation_block_is_the_identity_plus_that_of_its_branch() -> None:
    block = trained(PreActivationBlock(2, 2)).eval()
    x = torch.randn(1, 2, 3, 3)
    whole = torch.autograd.functional.jacobian(block, x).reshape(18, 18)
    branch = torch.autograd.functional.jacobian(block.branch, x).reshape(18, 18)
    torch.testing.assert_close(whole, torch.eye(18) + branch)


@pytest.mark.parametrize("norm", ["batch", "channel"])
@pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_a_fresh_zero_initialized_block_is_the_identity(
    dims: int, bottleneck: bool, norm: str
) -> None:
    options = {"dims": dims, "bottleneck": bottleneck, "norm": norm, "zero_init": True}
    x = torch.randn(2, 8, *(5, 4, 3)[:dims])
    assert torch.equal(ResidualBlock(8, 8, **options)(x), x.relu())
    assert torch.equal(PreActivationBlock(8, 8, **options)(x), x)


@pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])
def test_a_fresh_zero_initialized_factorized_block_is_the_identity(bottleneck: bool) -> None:
    options: dict[str, Any] = {"dims": 3, "factorized": True, "bottleneck": bottleneck}
    x = torch.randn(2, 8, 5, 4, 3)
    assert torch.equal(ResidualBlock(8, 8, zero_init=True, **options)(x), x.relu())
    assert torch.equal(PreActivationBlock(8, 8, zero_init=True, **options)(x), x)


@pytest.mark.parametrize("block", [ResidualBlock, PreActivationBlock])
def test_zero_init_sets_only_the_last_layer_to_zero(block: type[Block]) -> None:
    weights = [layer.weight for pair in block(4, 4, zero_init=True).layers for layer in pair]
    assert [bool((weight == 0).all()) for weight in weights] == [False, False, False, True]


def test_convolutions_start_with_the_spread_of_he_2015() -> None:
    # Fan-out mode for relu: the standard deviation is √(2 / (64 channels · 9 taps)).
    weight = ResidualBlock(16, 64).layers[0][0].weight
    assert weight.std().item() == pytest.approx((2 / (64 * 9)) ** 0.5, rel=0.03)
    # Factorized, 144 channels lie between: 9 taps lead to them, 3 away from them.
    factorized = ResidualBlock(64, 64, dims=3, factorized=True).layers[0][0]
    assert factorized.space.weight.std().item() == pytest.approx((2 / (144 * 9)) ** 0.5, rel=0.03)
    assert factorized.time.weight.std().item() == pytest.approx((2 / (64 * 3)) ** 0.5, rel=0.03)


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_leaves_its_input_alone(block: type[Block]) -> None:
    x = torch.randn(2, 4, 5, 5)
    kept = x.clone()
    block(4, 4)(x)
    block(4, 4, norm="channel")(x, torch.ones(2, 1, 5, 5))
    without_norms = block(4, 4)
    for pair in without_norms.layers:
        pair[0 if block is PreActivationBlock else 1] = nn.Identity()
    without_norms(x)
    assert torch.equal(x, kept)


@pytest.mark.parametrize("block", BLOCKS)
def test_hooks_on_the_last_layer_and_on_its_last_part_see_the_branch(
    block: type[Block],
) -> None:
    network = trained(block(4, 4)).eval()
    x = torch.randn(2, 4, 5, 5)
    expected, seen = network.branch(x), []
    for module in (network.layers[-1], network.layers[-1][-1]):
        module.register_forward_hook(lambda module, inputs, output: seen.append(output))
    network(x)
    assert len(seen) == 2
    for output in seen:
        torch.testing.assert_close(output, expected)


# --- one block for 1, 2 and 3 dimensions -----------------------------------------------------


@torch.no_grad()
def widen(block: nn.Module, wide: nn.Module) -> None:
    """Put the 1-D kernels into the middle row of kernels with more axes."""
    for narrow, room in zip(block.state_dict().values(), wide.state_dict().values(), strict=True):
        if room.ndim < 4:
            room.copy_(narrow)
        else:
            middle = [size // 2 for size in room.shape[2:-1]]
            room.zero_()[(slice(None), slice(None), *middle)] = narrow


@pytest.mark.parametrize("bottleneck", [False, True], ids=["basic", "bottleneck"])
@pytest.mark.parametrize("dims", [2, 3])
@pytest.mark.parametrize("block", BLOCKS)
def test_more_dimensions_on_a_thin_input_equal_one_dimension(
    block: type[Block], dims: int, bottleneck: bool
) -> None:
    options = {"stride": 2, "dilation": 2, "bottleneck": bottleneck}
    line = trained(block(4, 8, dims=1, **options))
    wide = block(4, 8, dims=dims, **options)
    widen(line, wide)
    x = torch.randn(3, 4, 9)
    thin = x.reshape(3, 4, *[1] * (dims - 1), 9)
    torch.testing.assert_close(wide(thin).flatten(2), line(x))
    torch.testing.assert_close(wide.eval()(thin).flatten(2), line.eval()(x))


# --- masks -----------------------------------------------------------------------------------


WAYS = [(1, False), (2, False), (3, False), (3, True)]  # dims, factorized
OPTIONS = [
    {},
    {"stride": 2},
    {"dilation": 3},
    {"kernel_size": 5},
    {"bottleneck": True, "stride": 2},
]
NORMS = [("channel", True), ("batch", False), ("batch", True)]
# Of the 180 combinations the 20 in which every pair of choices occurs.
PADDED = [
    (BLOCKS[(w + o) % 3], *WAYS[w], OPTIONS[o], *NORMS[(w + 2 * o) % 3])
    for w in range(len(WAYS))
    for o in range(len(OPTIONS))
]


@pytest.mark.parametrize(("block", "dims", "factorized", "options", "norm", "train"), PADDED)
def test_padding_changes_no_real_position(
    block: type[Block],
    dims: int,
    factorized: bool,
    options: dict[str, Any],
    norm: str,
    train: bool,
) -> None:
    options = {"dims": dims, "norm": norm, "factorized": factorized, **options}
    network = trained(block(4, 16, **options)).train(train)
    sizes = (5, 6, 7)[:dims]
    real = torch.randn(8, 4, *sizes)
    padded = torch.randn(8, 4, *(size + 4 for size in sizes))  # the padding is not 0
    mask = torch.zeros(8, 1, *padded.shape[2:])
    corner = (..., *(slice(size) for size in sizes))
    padded[corner], mask[corner] = real, 1.0
    expected = network(real)
    kept = tuple(slice(size) for size in expected.shape)
    y, thinned = network(padded, mask)
    torch.testing.assert_close(y[kept], expected)
    assert not torch.allclose(network(padded)[kept], expected)  # without the mask it would
    step = options.get("stride", 1)
    assert torch.equal(thinned, mask[(..., *[slice(None, None, step)] * dims)])


@pytest.mark.parametrize(("norm", "train"), NORMS)
@pytest.mark.parametrize("block", BLOCKS)
def test_padding_may_be_nan(block: type[Block], norm: str, train: bool) -> None:
    stage = Stage(block, 8, 8, 2, dims=1, norm=norm).train(train)
    x = torch.randn(2, 8, 9)
    mask = torch.tensor([1.0] * 6 + [0.0] * 3).expand(2, 1, 9)
    results = []
    for filler in (0.0, torch.nan):
        twin = deepcopy(stage)
        y, _ = twin(torch.where(mask > 0, x, filler), mask)
        y[..., :6].square().sum().backward()
        results.append([y[..., :6], *(parameter.grad for parameter in twin.parameters())])
    torch.testing.assert_close(results[1], results[0], rtol=0, atol=0)


@pytest.mark.parametrize("norm", ["batch", "channel"])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_stage_downsamples_the_mask_from_block_to_block(block: type[Block], norm: str) -> None:
    stage = Stage(block, 4, 8, 3, stride=2, dilations=(1, 2, 1), dims=1, norm=norm)
    real, padding = torch.randn(2, 4, 7), torch.randn(2, 4, 5)
    mask = torch.tensor([1.0] * 7 + [0.0] * 5).expand(2, 1, 12)
    outputs, thinned = stage(torch.cat([real, padding], dim=2), mask)
    assert outputs.shape == (2, 8, 6)
    assert thinned.tolist() == [[[1, 1, 1, 1, 0, 0]]] * 2
    torch.testing.assert_close(outputs[..., :4], stage(real))


@pytest.mark.parametrize("block", BLOCKS)
def test_a_branch_takes_and_returns_a_mask_as_a_block_does(block: type[Block]) -> None:
    network, x = block(4, 8, dims=1, stride=2).eval(), torch.randn(2, 4, 9)
    mask = torch.tensor([1.0] * 6 + [0.0] * 3).expand(2, 1, 9)
    y, thinned = network.branch(x, mask)
    assert thinned.tolist() == [[[1, 1, 1, 0, 0]]] * 2
    torch.testing.assert_close(y[..., :3], network.branch(x[..., :6]))


# --- stages ----------------------------------------------------------------------------------


def test_only_the_first_block_of_a_stage_changes_shape() -> None:
    stage = Stage(ResidualBlock, 4, 8, 3, stride=2, dilations=(1, 2, 4))
    assert [(b.in_channels, b.out_channels, b.stride) for b in stage] == [
        (4, 8, 2),
        (8, 8, 1),
        (8, 8, 1),
    ]
    assert [b.layers[0][0].dilation for b in stage] == [(1, 1), (2, 2), (4, 4)]


def test_a_stage_strides_and_dilates_factorized_convolutions_in_space_and_in_time() -> None:
    stage = Stage(PlainBlock, 4, 8, 3, stride=2, dilations=(1, 2, 4), dims=3, factorized=True)
    convolutions = [block.layers[0][0] for block in stage]
    assert [conv.space.stride for conv in convolutions] == [(1, 2, 2), (1, 1, 1), (1, 1, 1)]
    assert [conv.time.stride for conv in convolutions] == [(2, 1, 1), (1, 1, 1), (1, 1, 1)]
    assert [conv.space.dilation[1:] for conv in convolutions] == [(1, 1), (2, 2), (4, 4)]
    assert [conv.time.dilation[0] for conv in convolutions] == [1, 2, 4]


# --- parameters ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        # Two convolutions 64·64·9, two normalizations 2·64; the identity costs nothing.
        (PlainBlock(64, 64), 73_984),
        (ResidualBlock(64, 64), 73_984),
        (PreActivationBlock(64, 64), 73_984),
        # 64·128·9 + 128·128·9 + 2·2·128, and the projection 64·128 + 2·128.
        (ResidualBlock(64, 128, stride=2), 230_144),
        # No normalization in the projection, and the first one has 64 channels.
        (PreActivationBlock(64, 128, stride=2), 229_760),
        # 256·64 + 64·64·9 + 64·256 + 2·(64 + 64 + 256).
        (ResidualBlock(256, 256, bottleneck=True), 70_400),
        # Kernels of 3 and 27 taps: 2·64·64·3 + 4·64 and 2·64·64·27 + 4·64.
        (ResidualBlock(64, 64, dims=1), 24_832),
        (ResidualBlock(64, 64, dims=3), 221_440),
        # Factorized, 144 channels between: 2·(144·64·9 + 64·144·3) are as many weights as whole
        # ones have, and the normalizations between add 2·2·144.
        (ResidualBlock(64, 64, dims=3, factorized=True), 222_016),
        # In a bottleneck only the wide one, here with 27·16·16 / (9·16 + 3·16) = 36 between:
        # 2·64·16 + 27·16·16 + 2·(16 + 36 + 16 + 64).
        (ResidualBlock(64, 64, dims=3, bottleneck=True, factorized=True), 9_224),
        # A stride alone changes the shape too: 73,984 + 64·64 + 2·64.
        (ResidualBlock(64, 64, stride=2), 78_208),
    ],
)
def test_parameters_are_as_counted_by_hand(block: nn.Module, expected: int) -> None:
    assert sum(parameter.numel() for parameter in block.parameters()) == expected


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: PlainBlock(4, 4, kernel_size=4), "kernel_size must be odd, got 4"),
        (lambda: ResidualBlock(4, 4, dims=4), "dims must be 1, 2 or 3, got 4"),
        (lambda: PlainBlock(4, 6, bottleneck=True), "divisible by 4, got 6"),
        (lambda: PlainBlock(4, 4, norm="layer"), '"batch" or "channel", got \'layer\''),
        (lambda: PlainBlock(4, 4, factorized=True), "are for dims=3, got dims=2"),
        (lambda: ResidualBlock(4, 4, dims=1, factorized=True), "are for dims=3, got dims=1"),
        (lambda: PlainBlock(4, 4, zero_init=True), "zero_init needs a shortcut"),
        (lambda: Stage(PlainBlock, 4, 4, 3, dilations=(1, 2)), r"3 blocks need 3 .* \[1, 2\]"),
        (lambda: Stage(PlainBlock, 4, 4, 2, dilations=()), r"2 blocks need 2 .* \[\]"),
        (lambda: Stage(PlainBlock, 4, 8, 0), "at least one block, got depth=0"),
        (lambda: PlainBlock(4, 4, stride=0), "must be at least 1, got 3, 0 and 1"),
        (lambda: PlainBlock(4, 4, kernel_size=-1), "must be at least 1, got -1, 1 and 1"),
        (lambda: PlainBlock(4, 4, dilation=0), "must be at least 1, got 3, 1 and 0"),
    ],
)
def test_a_block_that_cannot_be_built_says_why(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


@pytest.mark.parametrize("norm", ["batch", "channel"])
@pytest.mark.parametrize("block", BLOCKS)
def test_an_input_of_the_wrong_shape_is_named(block: type[Block], norm: str) -> None:
    network = block(8, 8, norm=norm)
    takes = rf"{block.__name__} takes \(batch, 8, \*positions\) with dims=2 axes of positions"
    with pytest.raises(ValueError, match=rf"{takes}; got \(8, 8, 8\)\. .* batch axis: x\[None\]"):
        network(torch.randn(8, 8, 8))
    with pytest.raises(ValueError, match=rf"{takes}; got \(2, 3, 8, 8\)$"):
        network(torch.randn(2, 3, 8, 8))


@pytest.mark.parametrize("shape", [(2, 9), (1, 1, 9), (2, 4, 9), (2, 1, 8)])
@pytest.mark.parametrize("block", BLOCKS)
def test_a_mask_of_the_wrong_shape_is_named(block: type[Block], shape: tuple) -> None:
    with pytest.raises(ValueError, match=rf"here \(2, 1, 9\); got {re.escape(str(shape))}"):
        block(4, 4, dims=1)(torch.randn(2, 4, 9), torch.ones(shape))
