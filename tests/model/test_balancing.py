import copy
import math

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim import SGD

from mmtutor.balancing import OGMGE, ModalityDropout, UnimodalHeads, blending_weights
from mmtutor.balancing.ogm_ge import _modulate_once
from mmtutor.encoders import ImageResNet, TextResNet
from mmtutor.fusion import Fusion, SharedRepresentation
from mmtutor.network import FinalClassifier, MultiModalNet
from mmtutor.training import evaluate, train

LABELS = torch.tensor([0, 1, 2, 0, 1, 2])
MASK = torch.tensor([True, False, True, True, False, True])


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


@pytest.fixture
def inputs() -> dict[str, Tensor]:
    ids = torch.randint(1, 257, (6, 5))
    ids[:, 3:] = 0
    return {"image": torch.rand(6, 1, 8, 8), "text": ids}


@pytest.fixture
def network() -> MultiModalNet:
    encoders = {
        "image": ImageResNet(widths=[4], depths=[1], norm="channel"),
        "text": TextResNet(width=8),
    }
    fusion = SharedRepresentation({"image": 4, "text": 8}, 8, allow_missing=True)
    return MultiModalNet(encoders, fusion, FinalClassifier(8, 3))


class Features(nn.Linear):
    """An encoder that gives its input as features, and notes what it gets."""

    def __init__(self, size: int = 2) -> None:
        super().__init__(size, size, bias=False)
        nn.init.eye_(self.weight)
        self.lengths: Tensor | None = None

    takes_lengths = True

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        self.lengths = lengths
        return super().forward(x)


class Sum(Fusion):
    """The sum of the features, so that logits that are log probabilities can be read off."""

    def fuse(self, features: dict[str, Tensor], present: Tensor) -> Tensor:
        return torch.stack([*features.values()]).sum(dim=0)


def adding(names: str, *, allow_missing: bool = True, size: int = 2) -> MultiModalNet:
    """A network whose output is the sum of its inputs."""
    fusion = Sum(dict.fromkeys(names, size), size, allow_missing=allow_missing)
    return MultiModalNet({name: Features(size) for name in names}, fusion, nn.Identity())


def sure(*chances: float) -> Tensor:
    """Logits of two classes, in which class 0 has these chances."""
    return torch.tensor([[chance, 1 - chance] for chance in chances]).log()


def loss(
    criterion: nn.Module, network: nn.Module, labels: Tensor, *arguments: dict[str, Tensor]
) -> Tensor:
    """The loss of a batch in training."""
    outputs, features, present = network.with_features(*arguments)
    return criterion(outputs, labels, features, present)


def gradients(network: MultiModalNet) -> dict[str, Tensor]:
    found = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
    network.zero_grad()
    return found


# --- modality dropout ------------------------------------------------------------------------


def presence(network: MultiModalNet) -> list[dict[str, Tensor]]:
    """Note the masks that reach the fusion."""
    seen: list[dict[str, Tensor]] = []
    network.fusion.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[1]))
    return seen


@pytest.mark.parametrize(("names", "p"), [("ab", 0.4), ("abc", 0.5), ("a", 0.7)])
def test_modalities_stay_at_their_rates_but_never_none(names: str, p: float) -> None:
    network = adding(names)
    seen = presence(network)
    ModalityDropout(network, p)({name: torch.zeros(40000, 2) for name in names})
    masks = torch.stack([*seen[0].values()])
    assert masks.any(dim=0).all()
    # One that falls below p is saved if all M do and it is the lucky one: p^M / M.
    expected = 1 - p + p ** len(names) / len(names)
    torch.testing.assert_close(
        masks.float().mean(dim=1), torch.full((len(names),), expected), atol=0.01, rtol=0
    )


def test_of_what_an_example_has_one_stays_and_what_it_lacks_is_not_made_up() -> None:
    network = adding("abc")
    seen = presence(network)
    given = {"a": torch.tensor([True, False, False]), "b": torch.tensor([True, True, False])}
    inputs = {name: torch.zeros(3, 2) for name in "ab"}
    for _ in range(50):
        ModalityDropout(network, 0.9)(inputs, given)
    a, b = (torch.stack([masks[name] for masks in seen]) for name in "ab")
    assert [masks.keys() for masks in seen] == [{"a", "b"}] * 50
    assert (a | b)[:, 0].all() and not a[:, 0].all() and not b[:, 0].all()
    assert b[:, 1].all() and not a[:, 1:].any() and not b[:, 2].any()


def test_lengths_are_those_of_the_examples_that_stay() -> None:
    network = adding("ab")
    seen = presence(network)
    has, lengths = torch.tensor([True, False, True, True] * 50), torch.tensor([3, 0, 1, 2] * 50)
    inputs = {name: torch.zeros(200, 2) for name in "ab"}
    ModalityDropout(network, 0.5)(inputs, {"a": has}, {"a": lengths})
    stays = seen[0]["a"]
    assert not stays[~has].any() and 60 < stays.sum() < 140
    assert seen[0]["b"][~has].all()
    assert torch.equal(network.encoders["a"].lengths, lengths[stays])


def test_features_come_with_the_presence_that_is_left(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    outputs, features, present = ModalityDropout(network, 0.5).with_features(inputs)
    assert not present["image"].all() or not present["text"].all()
    assert torch.equal(outputs, network.head(network.fusion(features, present)))


def test_it_draws_from_torch_and_leaves_its_arguments_alone(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    present, model = {"text": MASK.clone()}, ModalityDropout(network, 0.5)
    state = torch.get_rng_state()
    first, second = model(inputs, present), model(inputs, present)
    torch.set_rng_state(state)
    assert torch.equal(model(inputs, present), first) and not torch.equal(first, second)
    assert torch.equal(present["text"], MASK) and [*present] == ["text"]


def test_in_eval_mode_and_at_probability_0_it_is_the_network(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    expected = network(inputs, {"text": MASK})
    assert torch.equal(ModalityDropout(network, 0.0)(inputs, {"text": MASK}), expected)
    assert torch.equal(ModalityDropout(network, 0.9).eval()(inputs, {"text": MASK}), expected)


def test_wrong_arguments_of_modality_dropout_are_named() -> None:
    with pytest.raises(ValueError, match="build its Sum with allow_missing=True"):
        ModalityDropout(adding("ab", allow_missing=False), 0.5)
    for probability in (-0.1, 1.0, math.nan):
        with pytest.raises(ValueError, match=f"from 0 to below 1; got {probability}"):
            ModalityDropout(adding("ab"), probability)
    model, inputs = ModalityDropout(adding("ab"), 0.5), {name: torch.zeros(3, 2) for name in "ab"}
    with pytest.raises(ValueError, match=r"mask of a must be a bool tensor \(3,\)"):
        model(inputs, {"a": torch.ones(3, 1, dtype=torch.bool)})
    with pytest.raises(ValueError, match="takes a, b; got nothing"):
        model({})


# --- OGM-GE ----------------------------------------------------------------------------------


def coefficients(network: MultiModalNet, labels: Tensor, *arguments: object) -> dict[str, float]:
    criterion = OGMGE(network, alpha=0.1)
    found = loss(criterion, network, labels, *arguments)
    torch.testing.assert_close(found, F.cross_entropy(network(*arguments), labels))
    return criterion.coefficients


def test_the_coefficients_of_two_modalities_are_the_papers() -> None:
    # s = (0.9 + 0.7) / 2 and (0.5 + 0.5) / 2, so ρ = 1.6 and below 1.
    found = coefficients(
        adding("ab"), torch.tensor([0, 0]), {"a": sure(0.9, 0.7), "b": sure(0.5, 0.5)}
    )
    assert found == pytest.approx({"a": 1 - math.tanh(0.16), "b": 1})


def test_more_modalities_are_compared_with_the_mean_of_the_others() -> None:
    # ρ = 0.8 / mean(0.6, 0.2) = 2, 0.6 / mean(0.8, 0.2) = 1.2, and below 1.
    chances = {"a": sure(0.8), "b": sure(0.6), "c": sure(0.2)}
    found = coefficients(adding("abc"), torch.tensor([0]), chances)
    assert found == pytest.approx({"a": 1 - math.tanh(0.2), "b": 1 - math.tanh(0.12), "c": 1})


def test_scores_are_over_examples_that_have_the_modality_and_a_label_that_counts() -> None:
    chances = {"a": sure(0.1, 0.9, 0.2, 0.9), "b": sure(0.7, 0.3, 0.4, 0.9)}
    present = {"a": torch.tensor([False, True, True, True])}
    # Labels 1, 0, 1, none. a: (0.9 + 0.8) / 2; b: (0.3 + 0.3 + 0.6) / 3. ρ = 0.85 / 0.4.
    found = coefficients(adding("ab"), torch.tensor([1, 0, 1, -100]), chances, present)
    assert found == pytest.approx({"a": 1 - math.tanh(0.2125), "b": 1})
    assert coefficients(adding("ab"), torch.tensor([0]), {"b": sure(0.9)}) == {"a": 1, "b": 1}
    nobody = {"a": torch.tensor([False])}
    found = coefficients(adding("ab"), torch.tensor([0]), {"a": sure(0.9), "b": sure(0.9)}, nobody)
    assert found == {"a": 1, "b": 1}


def test_the_encoders_gradients_are_scaled_and_no_other(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    F.cross_entropy(network(inputs), LABELS).backward()
    plain = gradients(network)
    criterion = OGMGE(network, alpha=0.5, noise=False)
    loss(criterion, network, LABELS, inputs).backward()
    k = criterion.coefficients
    assert sorted(k) == ["image", "text"] and min(k.values()) < 0.7 and max(k.values()) == 1
    for name, gradient in gradients(network).items():
        part, modality = name.split(".")[:2]
        factor = k[modality] if part == "encoders" else 1.0
        assert torch.equal(gradient, factor * plain[name]), name


def test_the_noise_has_the_standard_deviation_of_the_gradient_and_spares_padding(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    F.cross_entropy(network(inputs), LABELS).backward()
    plain = gradients(network)
    criterion = OGMGE(network)
    noises: dict[str, list[Tensor]] = {name: [] for name in plain}
    for _ in range(30):
        loss(criterion, network, LABELS, inputs).backward()
        for name, gradient in gradients(network).items():
            k = criterion.coefficients.get(name.split(".")[1], 1.0)
            noises[name].append(gradient - k * plain[name])
    for name, gradient in plain.items():
        noise, there = torch.stack(noises[name]), gradient != 0
        assert not noise[:, ~there].any(), name
        if not name.startswith("encoders"):
            assert not noise.any(), name
        elif there.sum() > 100:  # 3000 draws: errors of 1 / √3000 for the mean, less for std
            noise = noise[:, there] / gradient.std(correction=0)
            assert noise.mean().abs() < 0.08 and abs(noise.std() - 1) < 0.06, name
    embedding = plain["encoders.text.embedding.weight"]
    assert not embedding[0].any() and embedding.count_nonzero() > 100


def test_the_noise_of_a_small_tensor_has_its_standard_deviation_not_an_estimate_of_another() -> (
    None
):
    # Of two numbers, 1 and 3 times as large, the standard deviation is half their difference; an
    # estimate for the numbers behind them would be √2 times that.
    parameter = nn.Parameter(torch.zeros(2))
    noises = []
    for _ in range(4000):
        parameter.grad = None
        _modulate_once(parameter, 1.0, noise=True)
        parameter.backward(torch.tensor([1.0, 3.0]))
        noises.append(parameter.grad - torch.tensor([1.0, 3.0]))
    assert torch.stack(noises).std().item() == pytest.approx(1.0, rel=0.03)


def test_in_eval_mode_nothing_is_modulated(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    F.cross_entropy(network(inputs), LABELS).backward()
    plain = gradients(network)
    criterion = OGMGE(network)
    loss(criterion, network, LABELS, inputs).backward()
    gradients(network)
    criterion.eval()(network(inputs), LABELS).backward()
    for name, gradient in gradients(network).items():
        assert torch.equal(gradient, plain[name]), name


def test_a_look_at_one_modality_changes_neither_statistics_nor_random_numbers() -> None:
    network = adding("ab", size=3)
    network.head = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(0.5))
    twin = copy.deepcopy(network)
    criterion = OGMGE(network, noise=False)
    inputs = {"a": torch.randn(6, 3), "b": torch.randn(6, 3)}
    outputs = []
    for model in (network, twin):
        torch.manual_seed(1)
        for _ in range(2):
            outputs.append(model(inputs))
            if model is network:
                criterion(outputs[-1], LABELS, network.features(inputs))
    assert torch.equal(outputs[1], outputs[3])
    assert torch.equal(network.head[0].running_mean, twin.head[0].running_mean)
    assert network.head.training and network.head[1].training


def test_moved_converted_and_unfrozen_parameters_are_modulated_too() -> None:
    network = adding("ab").requires_grad_(False)
    criterion = OGMGE(network, noise=False)
    inputs = {"a": sure(0.8).double(), "b": sure(0.4).double()}
    network.double().to("cpu").encoders["a"].requires_grad_()
    F.cross_entropy(network(inputs), torch.tensor([0])).backward()
    (plain,) = gradients(network).values()
    loss(criterion, network, torch.tensor([0]), inputs).backward()
    (modulated,) = gradients(network).values()
    torch.testing.assert_close(modulated, (1 - math.tanh(0.2)) * plain)


def hooks(network: MultiModalNet) -> int:
    return sum(len(p._backward_hooks or ()) for p in network.parameters())


def test_a_backward_pass_leaves_no_hook_and_the_next_batch_clears_what_had_none(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    criterion = OGMGE(network)
    loss(criterion, network, LABELS, inputs).backward()
    assert hooks(network) == 0
    loss(criterion, network, LABELS, inputs)
    count = hooks(network)
    assert count > 10
    loss(criterion, network, LABELS, inputs)
    assert hooks(network) == count
    criterion.eval()(network(inputs), LABELS)
    assert hooks(network) == 0


@pytest.mark.parametrize("kind", [OGMGE, lambda network: UnimodalHeads(network, 3)])
def test_they_are_criteria_of_the_training_loop(
    network: MultiModalNet, inputs: dict[str, Tensor], kind: type[OGMGE]
) -> None:
    criterion = kind(network)
    assert not [name for name in criterion.state_dict() if not name.startswith("heads.")]
    assert not {*criterion.parameters()} & {*network.parameters()}
    optimizer = SGD([*network.parameters(), *criterion.parameters()], lr=0.2)
    loader = [(inputs, LABELS, {"image": MASK}), (inputs, LABELS)]
    model = ModalityDropout(network, 0.2)
    before = evaluate(network, loader, criterion)["loss"]
    assert before == pytest.approx(evaluate(network, loader, F.cross_entropy)["loss"])
    for _ in range(20):
        train(model, loader, criterion, optimizer)
    assert evaluate(network, loader, criterion)["loss"] < 0.8 * before
    assert math.isfinite(train(model, loader, criterion, optimizer, mixed_precision=True))


def test_wrong_arguments_of_ogm_ge_are_named(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    with pytest.raises(ValueError, match="build its Sum with allow_missing=True"):
        OGMGE(adding("ab", allow_missing=False))
    with pytest.raises(ValueError, match="two modalities or more.*; got a and alpha=0.1"):
        OGMGE(adding("a"))
    with pytest.raises(ValueError, match="alpha above 0; got image, text and alpha=0"):
        OGMGE(network, alpha=0)
    with pytest.raises(TypeError, match="MultiModalNet itself; got a ModalityDropout"):
        OGMGE(ModalityDropout(network, 0.5))
    criterion, (outputs, features, _) = OGMGE(network), network.with_features(inputs)
    with pytest.raises(TypeError, match=r"int64 labels \(batch,\); got torch.float32 \(6, 3\)"):
        criterion(outputs, outputs.detach().softmax(dim=1), features)
    with pytest.raises(ValueError, match=r"2 targets, but features of \[6, 6\] examples"):
        criterion(outputs[:2], LABELS[:2], features)
    with pytest.raises(TypeError, match="OGMGE learns from features too: with y, h, here ="):
        criterion(outputs, LABELS)
    with pytest.raises(ValueError, match="reduction='sum', but it must return the mean"):
        summing = OGMGE(network, nn.CrossEntropyLoss(reduction="sum"))
        train(network, [(inputs, LABELS)], summing, SGD(network.parameters()))


# --- gradient blending -----------------------------------------------------------------------


def heads(network: MultiModalNet, **options: object) -> UnimodalHeads:
    """Heads that give the features themselves as logits."""
    criterion = UnimodalHeads(network, 2, **options)
    for head in criterion.heads.values():
        nn.init.eye_(head.weight)
        nn.init.zeros_(head.bias)
    return criterion


def test_the_losses_are_blended_with_their_weights() -> None:
    network = adding("ab", allow_missing=False)
    criterion = heads(network, weights={"fused": 0.5, "a": 0.3, "b": 0.2})
    outputs, features, _ = network.with_features({"a": sure(0.8), "b": sure(0.6)})
    labels = torch.tensor([0])
    # Fused: 0.8 × 0.6 against 0.2 × 0.4, that is 48 : 8, so 6/7.
    losses = {"fused": -math.log(6 / 7), "a": -math.log(0.8), "b": -math.log(0.6)}
    found = criterion.losses(outputs, labels, features)
    assert {name: value.item() for name, value in found.items()} == pytest.approx(losses)
    blend = 0.5 * losses["fused"] + 0.3 * losses["a"] + 0.2 * losses["b"]
    assert criterion(outputs, labels, features).item() == pytest.approx(blend)
    assert heads(network).weights == pytest.approx(dict.fromkeys(losses, 1 / 3))
    assert criterion.eval()(outputs, labels).item() == pytest.approx(losses["fused"])


def test_examples_that_lack_a_modality_or_a_label_do_not_count_in_its_loss() -> None:
    network = adding("ab")
    criterion = heads(network, weights={"a": 1.0})
    features, labels = sure(0.1, 0.8, 0.3, 0.9), torch.tensor([0, 0, 1, -100])
    inputs, mask = {"a": features, "b": features}, torch.tensor([False, True, True, True])
    expected = pytest.approx((-math.log(0.8) - math.log(0.7)) / 2)
    assert loss(criterion, network, labels, inputs, {"a": mask}).item() == expected
    outputs, features, _ = network.with_features({"b": features})
    assert [*criterion.losses(outputs, labels, features)] == ["fused", "b"]
    nothing = criterion(outputs, labels, features)
    nothing.backward()
    assert nothing == 0 and not network.encoders["b"].weight.grad.any()


def test_with_all_weight_on_the_fused_loss_it_is_cross_entropy(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    F.cross_entropy(network(inputs), LABELS).backward()
    plain = gradients(network)
    criterion = UnimodalHeads(network, 3, weights={"fused": 1})
    loss(criterion, network, LABELS, inputs).backward()
    for name, gradient in gradients(network).items():
        assert torch.equal(gradient, plain[name]), name
    assert all(parameter.grad is None for parameter in criterion.parameters())


def test_a_modalitys_own_loss_trains_its_encoder_and_its_head(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    criterion = UnimodalHeads(network, 3, weights={"image": 1, "text": 0})
    loss(criterion, network, LABELS, inputs).backward()
    assert {".".join(name.split(".")[:2]) for name in gradients(network)} == {"encoders.image"}
    assert criterion.heads["image"].weight.grad.any()
    assert criterion.heads["text"].weight.grad is None


def test_wrong_arguments_of_unimodal_heads_are_named(
    network: MultiModalNet, inputs: dict[str, Tensor]
) -> None:
    with pytest.raises(ValueError, match="rename that modality"):
        UnimodalHeads(MultiModalNet({"fused": Features()}), 3)
    criterion, outputs = UnimodalHeads(network, 3), network(inputs)
    for weights in ({"audio": 1.0}, {"image": -0.1}, {"image": math.nan}):
        criterion.weights = weights
        with pytest.raises(ValueError, match="weights map fused, image, text to at least 0; got"):
            criterion(outputs, LABELS)


def test_blending_weights_are_gain_over_squared_overfitting() -> None:
    before = {"fused": (1.0, 1.1), "image": (1.0, 1.0), "text": (1.0, 1.0)}
    after = {"fused": (0.5, 0.8), "image": (0.3, 0.8), "text": (0.2, 1.1)}
    # Fused: G = 0.3, O = 0.3 − 0.1, G / O² = 7.5. Image: G = 0.2, O = 0.5, 0.8. Text: G < 0.
    expected = {"fused": 7.5 / 8.3, "image": 0.8 / 8.3, "text": 0.0}
    assert blending_weights(before, after) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("after", "message"),
    [
        ({"image": (0.5, 0.8)}, r"of \['fused'\], but after of \['image'\]"),
        ({"fused": (0.75, 0.75)}, r"fused has G = 0.25 and O = 0.0, so G / O² is not finite"),
        ({"fused": (0.5, math.nan)}, "fused has G = nan"),
        ({"fused": (0.5, 1.5)}, "no validation loss fell"),
        ({"fused": (0.5, 1.0)}, "no validation loss fell"),
    ],
)
def test_blending_weights_that_do_not_exist_are_errors(
    after: dict[str, tuple[float, float]], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        blending_weights({"fused": (1.0, 1.0)}, after)
