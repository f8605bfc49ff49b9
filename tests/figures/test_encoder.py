import pytest
import torch
from torch import Tensor, nn

from mmtutor import blocks, figures
from mmtutor.encoders import AudioResNet, ImageResNet, TextResNet, VideoResNet
from tests.figures.drawn import check, labels, nodes, texts, words

ENCODERS: dict[str, tuple[nn.Module, Tensor]] = {
    "image": (ImageResNet(), torch.rand(2, 1, 8, 8)),
    "color": (ImageResNet(3, widths=(8, 24), depths=(2, 3), stem="medium"), torch.rand(1, 3, 9, 7)),
    "text": (TextResNet(), torch.randint(1, 257, (2, 24))),
    "audio": (AudioResNet(), torch.rand(2, 4096) - 0.5),
    "waveform": (AudioResNet(frontend="waveform"), torch.rand(1, 4000) - 0.5),
    "video": (VideoResNet(), torch.rand(2, 1, 6, 8, 8)),
    "factorized": (VideoResNet(stem="kinetics", factorized=True), torch.rand(1, 1, 4, 16, 16)),
    "pre-activation": (
        VideoResNet(block=blocks.PreActivationBlock, depths=(2, 2, 2)),
        torch.rand(1, 1, 3, 16, 16),
    ),
    "resnet50": (
        ImageResNet.preset("resnet50", widths=(32, 64, 128, 2048)),
        torch.rand(1, 3, 64, 64),
    ),
}


@pytest.mark.parametrize("name", ENCODERS)
def test_no_label_of_an_encoder_collides_with_anything(name: str) -> None:
    check(figures.encoder(*ENCODERS[name]).data)


def shapes_on_the_arrows(svg) -> list[tuple[int, ...]]:
    beside = [text.words for text in texts(svg) if round(text.left) == 97]
    return [tuple(map(int, words.split(" × "))) for words in beside]


@pytest.mark.parametrize("name", ENCODERS)
def test_the_shapes_on_the_arrows_are_those_of_the_module(name: str) -> None:
    module, x = ENCODERS[name]
    found = shapes_on_the_arrows(check(figures.encoder(module, x).data))
    module.eval()
    with torch.no_grad():
        expected = [x.shape, module.feature_map(x).shape, module(x).shape]
        if name == "text":
            steps = [module.embedding(x).movedim(2, 1)]
            for block in module.blocks:
                steps.append(block(steps[-1]))
        else:
            start = x[:, None] if name in ("audio", "waveform") else x
            if name == "audio":
                start = module.spectrogram(x)[:, None]
            steps = [module.stem(start)]
            for stage in module.stages:
                steps.append(stage(steps[-1]))
    assert [found[0][-1], *found[-2:]] == [x.shape[-1], *(tuple(s[1:]) for s in expected[1:])]
    inside = [tuple(step.shape[1:]) for step in steps]
    start = found.index(inside[0])
    assert found[start : start + len(inside)] == inside


def test_the_funnel_narrows_with_the_positions_and_grows_with_the_channels() -> None:
    svg = check(figures.encoder(*ENCODERS["image"]).data)
    layers = [
        [tuple(map(float, corner.split(","))) for corner in node.get("points", "").split()]
        for node in nodes(svg, "polygon")
        if node.get("fill") != "currentColor"
    ]
    above = [right - left for (left, _), (right, _), *_ in layers]
    below = [right - left for *_, (right, _), (left, _) in layers]
    heights = [bottom - top for (_, top), *_, (_, bottom) in layers]
    assert above[1:] == pytest.approx(below[:-1])  # each begins as wide as the last one ends
    assert above[0] == below[0] == below[1] > below[2] > below[3] > below[4]
    assert heights[0] == heights[1] < heights[2] < heights[3] == heights[4]


def test_an_encoder_names_its_layers_in_the_picture_and_for_those_who_cannot_see_it() -> None:
    svg = check(figures.encoder(*ENCODERS["audio"]).data)
    for name in ("xA", "hA", "log spectrogram", "window 256, hop 128", "stage 3, stride 2", "mean"):
        assert name in labels(svg)
    for part in ("AudioResNet", "4096 →", "stage 2, stride 2 (1 residual block) → 32 × 33 × 9"):
        assert part in words(svg)


def test_the_text_encoder_names_the_dilation_of_each_block() -> None:
    svg = check(figures.encoder(TextResNet(dilations=(1, 5)), torch.ones(1, 9).long()).data)
    assert {"block 1, dilation 1", "block 2, dilation 5"} <= set(labels(svg))


def test_drawing_an_encoder_leaves_it_as_it_was() -> None:
    module = ImageResNet().train()
    before = {name: value.clone() for name, value in module.state_dict().items()}
    figures.encoder(module, torch.rand(4, 1, 8, 8))
    assert module.training
    assert all(torch.equal(before[name], value) for name, value in module.state_dict().items())
    assert not any(part._forward_pre_hooks for part in module.modules())


def test_an_encoder_refuses_what_the_module_refuses_and_leaves_no_hook() -> None:
    module = ImageResNet()
    with pytest.raises(ValueError, match="batch axis"):
        figures.encoder(module, torch.rand(1, 8, 8))
    assert not any(part._forward_pre_hooks for part in module.modules())
