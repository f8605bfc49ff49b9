"""Layers against torch, torchvision and numbers worked out by hand."""

from copy import deepcopy
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torchvision.models.video.resnet import Conv2Plus1D

from mmtutor.layers import (
    BatchNorm1d,
    BatchNorm2d,
    BatchNorm3d,
    ChannelNorm,
    ConvNorm,
    FactorizedConvolution,
    MaskedSequential,
    NormReluConv,
    apply_with_mask,
    convolution,
    downsample_mask,
    masked_mean,
    normalization,
    zero_padding,
)
from mmtutor.processes import all_reduce_sum, world_size
from mmtutor.weights import copy_weights

NORMS = {1: BatchNorm1d, 2: BatchNorm2d, 3: BatchNorm3d}


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def trained(norm: nn.Module) -> nn.Module:
    """Give a normalization weights that training might have left."""
    nn.init.uniform_(norm.weight, 0.5, 1.5)
    nn.init.normal_(norm.bias)
    return norm


# --- batch normalization over the real positions ---------------------------------------------


def test_statistics_are_of_the_real_positions_only() -> None:
    # The real values are 1, 3, 5: mean 3, variance (4 + 0 + 4) / 3 = 8/3, so the outputs are
    # ∓2 / √(8/3) = ∓√1.5 and 0. The running variance takes 8 / (3 − 1) = 4, as torch does.
    x = torch.tensor([[[1.0, 3.0, 99.0]], [[5.0, 99.0, -99.0]]])
    mask = torch.tensor([[[1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0]]])
    norm = BatchNorm1d(1, eps=0, momentum=0.1)
    outputs, kept = norm(x, mask)
    assert kept is mask
    expected = torch.tensor([-(1.5**0.5), 0.0, 1.5**0.5])
    torch.testing.assert_close(outputs[mask == 1], expected)
    assert norm.running_mean.item() == pytest.approx(0.9 * 0 + 0.1 * 3)
    assert norm.running_var.item() == pytest.approx(0.9 * 1 + 0.1 * 4)
    assert norm.num_batches_tracked == 1


def some_padded(dims: int, dtype: torch.dtype = torch.float64) -> tuple[Tensor, Tensor]:
    """Return x `(4, 3, *positions)` and a mask; each example has other padding."""
    sizes = (5, 4, 3)[:dims]
    mask = torch.rand(4, 1, *sizes) < torch.tensor([1.0, 0.7, 0.4, 0.0]).view(-1, *[1] * (dims + 1))
    return 2 * torch.randn(4, 3, *sizes, dtype=dtype) + 1, mask


def real_positions(x: Tensor, mask: Tensor) -> Tensor:
    """Return the real positions of x one after another, `(number, channels)`."""
    return x.movedim(1, -1)[mask.squeeze(1) != 0]


@pytest.mark.parametrize("momentum", [0.1, None])
@pytest.mark.parametrize("dims", [1, 2, 3])
def test_masked_batch_norm_equals_torchs_on_the_real_positions_alone(
    dims: int, momentum: float | None
) -> None:
    ours = trained(NORMS[dims](3, momentum=momentum)).double()
    theirs = nn.BatchNorm1d(3, momentum=momentum).double()
    copy_weights(ours, theirs)
    for _ in range(3):  # with momentum None the running statistics are means over the batches
        x, mask = some_padded(dims)
        direction = torch.randn_like(x)
        leaves = [x.clone().requires_grad_() for _ in range(2)]
        outputs = (
            real_positions(ours(leaves[0], mask)[0], mask),
            theirs(real_positions(leaves[1], mask)),
        )
        for y in outputs:
            (y * real_positions(direction, mask)).sum().backward()
        torch.testing.assert_close(*outputs)
        torch.testing.assert_close(leaves[0].grad, leaves[1].grad)
    for parameter, other in zip(ours.parameters(), theirs.parameters(), strict=True):
        torch.testing.assert_close(parameter.grad, other.grad)
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("dims", [1, 2, 3])
def test_without_a_mask_batch_norm_is_torchs(dims: int) -> None:
    ours = trained(NORMS[dims](3))
    theirs = getattr(nn, f"BatchNorm{dims}d")(3)
    copy_weights(ours, theirs)
    x, _ = some_padded(dims, torch.float32)
    assert torch.equal(ours(x), theirs(x))
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict(), rtol=0, atol=0)
    assert torch.equal(ours.eval()(x), theirs.eval()(x))


def test_a_mask_of_ones_changes_nothing() -> None:
    norm, twin = BatchNorm2d(3), BatchNorm2d(3)
    x, mask = some_padded(2, torch.float32)
    torch.testing.assert_close(norm(x, torch.ones_like(mask))[0], twin(x))
    torch.testing.assert_close(norm.state_dict(), twin.state_dict())


def test_in_eval_mode_batch_norm_uses_and_keeps_the_running_statistics() -> None:
    norm = BatchNorm1d(1, eps=0).eval()
    norm.running_mean.fill_(2.0)
    norm.running_var.fill_(4.0)
    x, mask = torch.tensor([[[6.0, 99.0]], [[0.0, 99.0]]]), torch.tensor([[[1.0, 0.0]]] * 2)
    assert norm(x, mask)[0][:, 0, 0].tolist() == [(6 - 2) / 2, (0 - 2) / 2]
    assert (norm.running_mean, norm.running_var, norm.num_batches_tracked) == (2, 4, 0)


@pytest.mark.parametrize("padding", [torch.nan, torch.inf, 1e30])
def test_padding_reaches_no_value_no_gradient_and_no_running_statistic(padding: float) -> None:
    x, mask = some_padded(2)
    results = []
    for filler in (0.0, padding):
        norm = BatchNorm2d(3).double()
        leaf = torch.where(mask, x, filler).requires_grad_()
        y, _ = norm(leaf, mask)
        y.square().sum().backward()
        results.append([y, leaf.grad, norm.weight.grad, norm.bias.grad, norm.state_dict()])
    torch.testing.assert_close(results[0], results[1], rtol=0, atol=0)
    assert (results[1][1][~mask.expand_as(x)] == 0).all()


@pytest.mark.parametrize("real", [0, 1])
def test_fewer_than_two_real_positions_have_no_statistics(real: int) -> None:
    mask = (torch.arange(6) < real).view(2, 1, 3)
    norm = BatchNorm1d(4)
    with pytest.raises(ValueError, match=rf"at least two real .* got {real}\. .*norm='channel'"):
        norm(torch.randn(2, 4, 3), mask)
    assert norm.num_batches_tracked == 0
    norm.eval()(torch.randn(2, 4, 3), mask)  # needs no statistics of the batch


def test_two_real_positions_are_enough() -> None:
    outputs, _ = BatchNorm1d(1, eps=0)(
        torch.tensor([[[7.0, 3.0, 0.0]]]), torch.tensor([[[1, 1, 0]]])
    )
    assert outputs[0, 0, :2].tolist() == [1.0, -1.0]  # mean 5, standard deviation 2


def test_inputs_of_half_precision_are_normalized_in_the_precision_of_the_weights() -> None:
    x, mask = some_padded(1, torch.bfloat16)
    ours, theirs = BatchNorm1d(3), nn.BatchNorm1d(3)
    y, _ = ours(x, mask)
    assert y.dtype == torch.bfloat16
    exact = theirs(real_positions(x, mask).float())
    assert torch.equal(real_positions(y, mask), exact.bfloat16())
    torch.testing.assert_close(ours.state_dict(), theirs.state_dict())


@pytest.mark.parametrize("kind", [torch.float16, torch.bfloat16])
def test_a_network_of_half_precision_takes_a_mask_and_computes_statistics_in_float32(
    kind: torch.dtype,
) -> None:
    x, mask = some_padded(1, kind)
    norm = BatchNorm1d(3).to(kind)
    y, _ = norm(x, mask)
    exact = nn.BatchNorm1d(3)
    expected = exact(real_positions(x, mask).float())
    assert torch.equal(real_positions(y, mask), expected.to(kind))
    assert norm.running_var.dtype == kind
    torch.testing.assert_close(norm.running_var.float(), exact.running_var, rtol=1e-2, atol=1e-2)


# --- channel normalization -------------------------------------------------------------------


def test_channel_norm_normalizes_each_position_over_its_channels() -> None:
    norm = ChannelNorm(2, eps=0)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor([2.0, 3.0]))
        norm.bias.copy_(torch.tensor([0.0, 1.0]))
    # Position 0: channels 1 and 3, mean 2, standard deviation 1, so −1 and 1.
    # Position 1: channels 14 and 10, mean 12, standard deviation 2, so 1 and −1.
    x = torch.tensor([[[1.0, 14.0], [3.0, 10.0]]])
    expected = torch.tensor([[[-2.0, 2.0], [4.0, -2.0]]])
    torch.testing.assert_close(norm(x), expected)
    torch.testing.assert_close(norm(x[..., None]), expected[..., None])
    torch.testing.assert_close(norm(x[..., None, None]), expected[..., None, None])


# --- (2+1)D convolutions ---------------------------------------------------------------------


def weights_of(module: nn.Module) -> int:
    convolutions = (layer for layer in module.modules() if isinstance(layer, nn.Conv3d))
    return sum(layer.weight.numel() for layer in convolutions)


def test_a_factorized_convolution_of_64_channels_has_144_between() -> None:
    # As in Tran et al.: 27·64·64 / (9·64 + 3·64) = 144, so 144·768 = 110,592 weights, all of
    # the whole convolution's.
    factorized = FactorizedConvolution(64, 64)
    assert factorized.norm.num_features == 144
    assert weights_of(factorized) == weights_of(convolution(3, 64, 64)) == 110_592


@pytest.mark.parametrize("kernel_size", [3, 5])
@pytest.mark.parametrize("outside", [8, 16, 33, 64, 128])
@pytest.mark.parametrize("inside", [8, 16, 33, 64])
def test_a_factorized_convolution_has_nearly_the_weights_of_the_whole(
    inside: int, outside: int, kernel_size: int
) -> None:
    whole = weights_of(convolution(3, inside, outside, kernel_size))
    factorized = weights_of(FactorizedConvolution(inside, outside, kernel_size))
    assert 0.9 * whole <= factorized <= whole


@pytest.mark.parametrize("train", [False, True], ids=["eval", "train"])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_factorized_convolution_equals_torchvisions(stride: int, train: bool) -> None:
    ours = FactorizedConvolution(4, 6, stride=stride).train(train)
    theirs = Conv2Plus1D(4, 6, ours.norm.num_features, stride).train(train)
    copy_weights(ours, theirs)
    x = torch.randn(2, 4, 5, 7, 6)
    torch.testing.assert_close(ours(x), theirs(x))
    torch.testing.assert_close([*ours.buffers()], [*theirs.buffers()])


@torch.no_grad()
def test_a_separable_kernel_is_its_factor_in_space_then_its_factor_in_time() -> None:
    layer = FactorizedConvolution(1, 1).eval()  # 27 // (9 + 3) = 2 channels between
    layer.norm.eps = 0.0  # so that it is the identity before training
    layer.space.weight.zero_()[0] = 1.0
    layer.time.weight.zero_()[0, 0] = torch.tensor([1.0, 2.0, 3.0])[:, None, None]
    x = torch.zeros(1, 1, 3, 3, 3)
    x[0, 0, 1, 1, 1] = 1.0
    # Frame f sees the middle frame at tap 2 − f; every pixel has the center as a neighbor.
    y = layer(x)
    assert y[0, 0].flatten(1).tolist() == [[3.0] * 9, [2.0] * 9, [1.0] * 9]
    whole = torch.tensor([1.0, 2.0, 3.0])[:, None, None].expand(1, 1, 3, 3, 3)
    assert torch.equal(y, F.conv3d(x, whole, padding=1))


@pytest.mark.parametrize("norm", ["batch", "channel"])
@pytest.mark.parametrize("options", [{}, {"stride": 2}, {"dilation": 2}, {"kernel_size": 5}])
def test_no_padding_leaks_between_the_steps_of_a_factorized_convolution(
    options: dict[str, Any], norm: str
) -> None:
    layer = FactorizedConvolution(4, 6, **options, norm=norm)
    nn.init.ones_(trained(layer.norm).bias)  # what the norm makes of padding is not 0
    twin = deepcopy(layer)
    real, padded = torch.randn(2, 4, 5, 6, 7), torch.full((2, 4, 9, 10, 11), torch.nan)
    mask = torch.zeros(2, 1, 9, 10, 11)
    padded[..., :5, :6, :7], mask[..., :5, :6, :7] = real, 1.0
    expected = twin(real)
    frames, height, width = expected.shape[2:]
    y, thinned = layer(padded, mask)
    torch.testing.assert_close(y[..., :frames, :height, :width], expected)
    stride = options.get("stride", 1)
    assert torch.equal(thinned, mask[..., ::stride, ::stride, ::stride])
    torch.testing.assert_close(layer.state_dict(), twin.state_dict())


def test_a_dilated_factorized_convolution_reaches_as_far_as_the_whole() -> None:
    layer = FactorizedConvolution(1, 1, dilation=2).eval()
    for step in (layer.space, layer.time):
        nn.init.ones_(step.weight)
    x = torch.zeros(1, 1, 7, 7, 7)
    x[0, 0, 3, 3, 3] = 1.0
    reached = [sorted(set(axis.tolist())) for axis in layer(x)[0, 0].nonzero(as_tuple=True)]
    assert reached == [[1, 3, 5]] * 3


# --- masks -----------------------------------------------------------------------------------


def test_a_downsampled_mask_keeps_every_stride_th_value() -> None:
    assert downsample_mask(torch.tensor([[[1, 1, 1, 0, 0]]]), 2).tolist() == [[[1, 1, 0]]]
    assert downsample_mask(torch.tensor([[[1, 0, 1, 0]]]), 3).tolist() == [[[1, 0]]]
    picture = torch.tensor([[[[1, 1, 0], [1, 0, 0], [0, 0, 1]]]])
    assert downsample_mask(picture, 2).tolist() == [[[[1, 0], [0, 1]]]]
    assert downsample_mask(picture, (1, 2)).tolist() == [[[[1, 0], [1, 0], [0, 1]]]]
    assert downsample_mask(None, 2) is None


def test_padding_becomes_0_whatever_stands_there() -> None:
    x = torch.tensor([[[1.0, torch.nan, -torch.inf], [2.0, 5.0, 7.0]]])
    mask = torch.tensor([[[1, 0, 0]]])
    assert zero_padding(x, mask).tolist() == [[[1, 0, 0], [2, 0, 0]]]
    assert zero_padding(x, None) is x


def test_the_mean_is_over_the_real_positions_and_0_if_there_is_none() -> None:
    x = torch.tensor([[[1.0, 3.0, torch.nan]], [[torch.nan, torch.nan, torch.nan]]])
    mask = torch.tensor([[[1.0, 1.0, 0.0]], [[0.0, 0.0, 0.0]]])
    assert masked_mean(x, mask).tolist() == [[2.0], [0.0]]
    square = torch.tensor([[[[1.0, 2.0], [3.0, 7.0]]]])
    assert masked_mean(square).tolist() == [[13 / 4]]
    assert masked_mean(square, square > 1).tolist() == [[12 / 3]]


def test_a_mask_travels_with_its_tensor_through_any_layer() -> None:
    x, mask = torch.tensor([[[1.0, 2.0, 3.0, torch.nan]]]), torch.tensor([[[1, 1, 1, 0]]])
    blur = nn.Conv1d(1, 1, 3, stride=2, padding=1, bias=False)
    nn.init.ones_(blur.weight)
    y, thinned = apply_with_mask(blur, x, mask)
    assert (y.tolist(), thinned.tolist()) == ([[[3.0, 5.0]]], [[[1, 1]]])  # 2 + 3 + padding
    y, same = apply_with_mask(nn.ReLU(), -x, mask)  # knows no mask, and needs none
    assert (y[..., :3].tolist(), same) == ([[[0.0] * 3]], mask)
    norm = BatchNorm1d(1, eps=0)
    y, same = apply_with_mask(norm, x, mask)  # knows masks
    torch.testing.assert_close(y[..., :3], torch.tensor([[[-(1.5**0.5), 0.0, 1.5**0.5]]]))
    assert same is mask
    y, nothing = apply_with_mask(blur, x[..., :3], None)
    assert (y.tolist(), nothing) == ([[[3.0, 5.0]]], None)


def test_a_row_of_layers_downsamples_the_mask_layer_by_layer() -> None:
    layers = MaskedSequential(nn.Conv1d(1, 1, 3, 2, 1), nn.ReLU(), nn.Conv1d(1, 1, 3, 2, 1))
    x, mask = torch.randn(1, 1, 9), torch.tensor([[[1] * 6 + [0] * 3]])
    y, thinned = layers(x, mask)
    assert (y.shape, thinned.tolist()) == ((1, 1, 3), [[[1, 1, 0]]])  # of 0, 4 and 8
    assert layers(x).shape == (1, 1, 3)


@pytest.mark.parametrize(
    "convert", [nn.SyncBatchNorm.convert_sync_batchnorm, lambda _: nn.BatchNorm1d(1)]
)
def test_a_normalization_that_would_take_padding_into_its_statistics_is_refused(
    convert: Any,
) -> None:
    x, mask = torch.tensor([[[1.0, 3.0, 99.0]]]), torch.tensor([[[1, 1, 0]]])
    norm = convert(BatchNorm1d(1))
    with pytest.raises(TypeError, match=r"BatchNorm1?d? would take padding .* span all processes"):
        apply_with_mask(norm, x, mask)
    expected, _ = BatchNorm1d(1).eval()(x, mask)  # with fixed statistics there is no harm
    assert torch.equal(apply_with_mask(norm.eval(), x, mask)[0], expected)


@pytest.mark.parametrize("stride", [1, 2])
def test_a_layer_keeps_padding_out_of_its_convolution_and_of_its_normalization(stride: int) -> None:
    x, mask = some_padded(2, torch.float32)
    conv, after, before = convolution(2, 3, 6, stride=stride), BatchNorm2d(6), BatchNorm2d(3)
    trained(before)
    dirty = torch.where(mask, x, torch.nan)
    thin = mask[..., ::stride, ::stride]
    expected, _ = deepcopy(after)(conv(torch.where(mask, x, 0)), thin)
    y, thinned = ConvNorm(conv, after)(dirty, mask)
    assert torch.equal(thinned, thin)
    torch.testing.assert_close(real_positions(y, thin), real_positions(expected, thin))
    expected = conv(torch.where(mask, deepcopy(before)(x, mask)[0].relu(), 0))
    y, thinned = NormReluConv(before, conv)(dirty, mask)
    assert torch.equal(thinned, thin)
    torch.testing.assert_close(y, expected)


# --- bad input -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: convolution(0, 4, 4), "dims must be 1, 2 or 3, got 0"),
        (lambda: convolution(2, 4, 4, 2), "kernel_size must be odd, got 2"),
        (lambda: convolution(2, 4, 4, 3, 0), "must be at least 1, got 3, 0 and 1"),
        (lambda: FactorizedConvolution(4, 4, 4), "kernel_size must be odd, got 4"),
        (lambda: FactorizedConvolution(4, 4, stride=0), "must be at least 1, got 3, 0 and 1"),
        (lambda: FactorizedConvolution(4, 4, dilation=-1), "must be at least 1, got 3, 1 and -1"),
        (lambda: normalization("none", 2, 4), '"batch" or "channel", got \'none\''),
        (lambda: FactorizedConvolution(4, 4, norm="layer"), "got 'layer'"),
    ],
)
def test_a_layer_that_cannot_be_built_says_why(build: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        build()


def test_one_process_alone_sums_over_itself() -> None:
    x = torch.ones(2)
    assert world_size() == 1
    assert all_reduce_sum(x) is x
