"""What holds for every fusion, whatever its formula."""

from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mmtutor import fusion as room
from mmtutor.fusion import Fusion

FUSIONS: list[Any] = [
    thing
    for thing in map(vars(room).get, room.__all__)
    if isinstance(thing, type) and issubclass(thing, Fusion) and thing is not Fusion
]
# The fusions in which other modalities act on a main one.
LEAST = {"FiLMFusion": 2, "ResidualFusion": 2}
SIZES = {"image": 5, "text": 3, "audio": 1, "video": 4}
SOME = torch.tensor([True, False, True, True])

every_fusion = pytest.mark.parametrize("kind", FUSIONS, ids=lambda kind: kind.__name__)
every_count = pytest.mark.parametrize(
    ("kind", "count"),
    [
        pytest.param(kind, count, id=f"{kind.__name__}-{count}")
        for kind in FUSIONS
        for count in range(LEAST.get(kind.__name__, 1), 5)
    ],
)


@pytest.fixture(autouse=True)
def seed() -> None:
    torch.manual_seed(0)


def random_features(batch: int = 4, count: int = 4) -> dict[str, Tensor]:
    return {name: torch.randn(batch, size) for name, size in list(SIZES.items())[:count]}


def test_all_nine_are_here() -> None:
    assert len(FUSIONS) == 9


@every_count
def test_it_takes_any_number_of_modalities_of_unequal_sizes(kind: Any, count: int) -> None:
    features = random_features(4, count)
    z = kind({name: SIZES[name] for name in features}, 8)(features)
    assert z.shape == (4, 8) and z.isfinite().all()


@every_count
def test_every_parameter_gets_a_gradient(kind: Any, count: int) -> None:
    features = random_features(4, count)
    fusion = kind({name: SIZES[name] for name in features}, 8)
    fusion(features).square().sum().backward()
    # A gate over one modality is 1, whatever its weights.
    idle = {"score.0.weight"} if kind.__name__ == "GatedFusion" and count == 1 else set()
    for name, parameter in fusion.named_parameters():
        assert parameter.grad.isfinite().all(), name
        assert (parameter.grad.abs().sum() > 0) == (name not in idle), name


@every_fusion
def test_sixty_four_shared_features_unless_told_otherwise(kind: Any) -> None:
    assert kind(SIZES)(random_features()).shape == (4, 64)


@every_fusion
def test_the_order_of_the_mapping_does_not_matter(kind: Any) -> None:
    fusion, features = kind(SIZES, 8), random_features()
    backwards = dict(reversed(features.items()))
    assert list(backwards) != list(features)
    assert torch.equal(fusion(backwards), fusion(features))


@every_fusion
def test_every_modality_counts(kind: Any) -> None:
    fusion, features = kind(SIZES, 8), random_features()
    whole = fusion(features)
    for name, h in features.items():
        assert not torch.allclose(fusion({**features, name: -h}), whole), name


@every_fusion
@pytest.mark.parametrize("training", [True, False])
def test_an_example_is_answered_alone_as_in_its_batch(kind: Any, training: bool) -> None:
    fusion, features = kind(SIZES, 8).train(training), random_features()
    alone = [fusion({name: h[i : i + 1] for name, h in features.items()}) for i in range(4)]
    torch.testing.assert_close(torch.cat(alone), fusion(features))


@every_fusion
def test_training_and_evaluation_give_the_same(kind: Any) -> None:
    fusion, features = kind(SIZES, 8), random_features()
    trained = fusion.train()(features)
    with torch.no_grad():
        torch.testing.assert_close(fusion.eval()(features), trained)


@every_fusion
def test_the_same_seed_gives_the_same_answer(kind: Any) -> None:
    features = random_features()
    answers = []
    for _ in range(2):
        torch.manual_seed(1)
        answers.append(kind(SIZES, 8)(features))
    assert torch.equal(*answers)


@every_fusion
def test_weights_can_be_saved_and_loaded(kind: Any) -> None:
    features, fusion, other = random_features(), kind(SIZES, 8), kind(SIZES, 8)
    assert not torch.allclose(other(features), fusion(features))
    other.load_state_dict(fusion.state_dict())
    assert torch.equal(other(features), fusion(features))


@every_fusion
def test_double_precision(kind: Any) -> None:
    fusion, features = kind(SIZES, 8, allow_missing=True), random_features()
    del features["text"]
    single = fusion(features, {"audio": SOME})
    double = fusion.double()({name: h.double() for name, h in features.items()}, {"audio": SOME})
    assert double.dtype == torch.float64
    torch.testing.assert_close(double, single.double(), atol=1e-5, rtol=1e-4)


@every_fusion
def test_torch_can_export_it(kind: Any) -> None:
    fusion, features = kind(SIZES, 8).eval(), random_features()
    exported = torch.export.export(fusion, (features,))
    new = random_features()
    torch.testing.assert_close(exported.module()(new), fusion(new))


@every_fusion
def test_a_modality_may_have_any_name(kind: Any) -> None:
    # These cannot be keys of an nn.ModuleDict: two are its methods, and one has a dot.
    sizes = {"values": 2, "type": 3, "left.eye": 1}
    assert kind(sizes, 8)({name: torch.randn(4, n) for name, n in sizes.items()}).shape == (4, 8)


# --- missing modalities ----------------------------------------------------------------------


@every_fusion
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("missing", list(SIZES))
def test_a_masked_example_changes_no_other(kind: Any, training: bool, missing: str) -> None:
    fusion, features = kind(SIZES, 8, allow_missing=True).train(training), random_features()
    whole, part = fusion(features), fusion(features, {missing: SOME})
    torch.testing.assert_close(part[SOME], whole[SOME])
    assert not torch.allclose(part[1], whole[1])


@every_fusion
@pytest.mark.parametrize("missing", list(SIZES))
def test_absent_and_masked_everywhere_are_the_same(kind: Any, missing: str) -> None:
    fusion, features = kind(SIZES, 8, allow_missing=True), random_features()
    masked = fusion(features, {missing: torch.zeros(4, dtype=torch.bool)})
    del features[missing]
    assert torch.equal(fusion(features), masked)


@every_fusion
@pytest.mark.parametrize("missing", list(SIZES))
def test_a_nan_placeholder_reaches_neither_values_nor_gradients(kind: Any, missing: str) -> None:
    fusion, features = kind(SIZES, 8, allow_missing=True), random_features()
    expected = fusion(features, {missing: SOME})
    features[missing][1] = torch.nan
    features[missing].requires_grad_()
    z = fusion(features, {missing: SOME})
    assert torch.equal(z, expected)
    z.square().sum().backward()
    for name, parameter in fusion.named_parameters():
        assert parameter.grad.isfinite().all(), name
    gradient = features[missing].grad
    assert gradient is not None and gradient.isfinite().all()
    assert gradient[1].abs().sum() == 0 and gradient[SOME].abs().sum() > 0


@every_count
def test_an_example_without_anything_gets_a_finite_answer(kind: Any, count: int) -> None:
    features = random_features(4, count)
    fusion = kind({name: SIZES[name] for name in features}, 8, allow_missing=True)
    z = fusion(features, dict.fromkeys(features, SOME))
    assert z.isfinite().all()
    torch.testing.assert_close(z[SOME], fusion(features)[SOME])
    # Not even on the way is there a NaN: anomaly detection would stop at it.
    with torch.autograd.set_detect_anomaly(True):
        fusion(features, dict.fromkeys(features, SOME)).square().sum().backward()
    assert all(p.grad.isfinite().all() for p in fusion.parameters())


# --- any sizes, any modalities -----------------------------------------------------------------


@pytest.mark.parametrize("kind", FUSIONS, ids=lambda kind: kind.__name__)
@settings(derandomize=True, database=None, deadline=None, max_examples=30)
@given(
    sizes=st.dictionaries(st.sampled_from("abcd"), st.integers(1, 6), min_size=2),
    shared=st.integers(1, 6),
    batch=st.integers(1, 3),
    data=st.data(),
)
def test_any_modalities_and_any_of_them_may_be_missing(
    kind: Any, sizes: dict[str, int], shared: int, batch: int, data: st.DataObject
) -> None:
    torch.manual_seed(0)
    fusion = kind(sizes, shared, allow_missing=True)
    here = data.draw(st.sets(st.sampled_from(sorted(sizes)), min_size=1))
    masked = data.draw(st.sets(st.sampled_from(sorted(sizes))))
    features = {name: torch.randn(batch, sizes[name]) for name in sorted(here)}
    present = {name: torch.rand(batch) < 0.5 for name in sorted(masked)}
    z = fusion(features, present)
    assert z.shape == (batch, shared) and z.isfinite().all()
    # What stands in the place of a missing modality is never looked at.
    for name in here & masked:
        features[name] = torch.where(present[name][:, None], features[name], torch.nan)
    assert torch.equal(fusion(features, present), z)
