"""The video renderer: what moves, and what no single frame may tell."""

import pytest
import torch
from sklearn.linear_model import LogisticRegression

from mmtutor.data import MOTIONS, Scene, Video, digits, scans


def videos(motion, count=50, seed=0, **fields):
    """The same scans with the same draws, drifting in a chosen direction."""
    pixels, labels, _ = scans()
    motions = torch.full((count,), list(MOTIONS).index(motion))
    scene = Scene(pixels[:count], labels[:count], motions)
    return Video(**fields)(scene, torch.Generator().manual_seed(seed))


def test_the_directions_are_left_right_up_down():
    assert MOTIONS == {"left": (0, -1), "right": (0, 1), "up": (-1, 0), "down": (1, 0)}


@pytest.mark.parametrize("motion", MOTIONS)
def test_each_frame_is_the_one_before_it_moved_by_one_step(motion):
    video = videos(motion, turn=0.0, speed=2.0)
    rows, columns = MOTIONS[motion]
    moved = video[:, :, :-1].roll((2 * rows, 2 * columns), dims=(3, 4))
    assert torch.allclose(video[:, :, 1:], moved, atol=1e-4)
    assert not torch.allclose(video[:, :, 1:], video[:, :, :-1], atol=0.1)


def test_each_frame_of_one_direction_is_one_of_another_placed_elsewhere():
    # Places are drawn evenly over the canvas, so this makes the frames of all directions alike.
    right, up = videos("right"), videos("up")
    for frame in range(8):
        moved = right[:, :, frame].roll((-frame, -frame), dims=(2, 3))
        assert torch.allclose(moved, up[:, :, frame], atol=1e-4)


@pytest.mark.parametrize("frame", [0, 4, 7])
def test_the_digit_is_anywhere_in_each_frame(frame):
    data = digits("train", ("video",), renderings=4)
    brightness = data.inputs["video"][:, 0, frame].mean(dim=0)
    assert brightness.min() > 0.85 * brightness.mean()
    assert brightness.max() < 1.15 * brightness.mean()


@pytest.mark.parametrize("frame", [0, 4, 7])
def test_a_linear_classifier_reads_no_direction_from_one_frame(frame):
    train = digits("train", ("video",), target="motion")
    validation = digits("validation", ("video",), target="motion", renderings=4)
    model = LogisticRegression(C=0.01, max_iter=200)
    model.fit(train.inputs["video"][:, 0, frame].flatten(1), train.targets)
    score = model.score(validation.inputs["video"][:, 0, frame].flatten(1), validation.targets)
    assert abs(score - 0.25) < 0.05  # 3.7 standard deviations of 1,012 guesses


def test_two_frames_tell_the_direction():
    video = digits("validation", {"video": Video(turn=0.0)}, target="motion")
    first, second = video.inputs["video"][:, 0, 0], video.inputs["video"][:, 0, 1]
    errors = [(first.roll(step, (1, 2)) - second).abs().sum((1, 2)) for step in MOTIONS.values()]
    assert torch.equal(torch.stack(errors).argmin(dim=0), video.targets)


def test_without_speed_and_turn_nothing_changes():
    video = videos("up", speed=0.0, turn=0.0)
    assert torch.equal(video, video[:, :, :1].expand_as(video))


def test_the_digit_turns_evenly_up_to_the_angle_and_either_way():
    # A horizontal bar, without drift: the main axis of its pixels shows the angle.
    pixels = torch.zeros(200, 8, 8)
    pixels[:, 3:5] = 1
    still = torch.zeros(200, dtype=torch.int64)
    renderer = Video(frames=3, canvas=40, speed=0.0, turn=60.0)
    video = renderer(Scene(pixels, still, still), torch.Generator().manual_seed(0))[:, 0]
    angles = torch.stack([main_axis(frame) for frame in video.flatten(0, 1)]).view(200, 3)
    inside = angles.isfinite().all(dim=1)
    angles = angles[inside]
    assert len(angles) > 15
    assert angles[:, 1].abs().max() < 3
    assert torch.allclose(angles[:, 0], -angles[:, 2], atol=4)
    whole = angles[:, 2] - angles[:, 0]
    assert whole.min() < -30
    assert 30 < whole.max()
    assert whole.abs().max() < 62
    ink = video[inside].sum(dim=(2, 3))
    assert torch.allclose(ink, ink.mean(), rtol=0.05)  # turned, not sheared


def main_axis(frame):
    """Return the angle of a bar in degrees; nan if it crosses the edge of the canvas."""
    if frame[0].any() or frame[-1].any() or frame[:, 0].any() or frame[:, -1].any():
        return torch.tensor(float("nan"))
    rows, columns = torch.meshgrid(*map(torch.arange, frame.shape), indexing="ij")
    weights = frame / frame.sum()
    y, x = rows - (rows * weights).sum(), columns - (columns * weights).sum()
    xx, yy, xy = ((a * b * weights).sum() for a, b in ((x, x), (y, y), (x, y)))
    return torch.rad2deg(torch.atan2(2 * xy, xx - yy) / 2)


def test_noise_is_added_to_every_frame_and_clipped():
    clean, noisy = videos("left"), videos("left", noise=0.1)
    difference = (noisy - clean)[(clean > 0.4) & (clean < 0.6)]
    assert difference.std().item() == pytest.approx(0.1, abs=0.01)
    assert (noisy.min(), noisy.max()) == (0, 1)


def test_frames_and_canvas_set_the_shape():
    assert videos("left", count=3, frames=16, canvas=24).shape == (3, 1, 16, 24, 24)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"frames": 1}, "frames must be at least 2, got 1"),
        ({"canvas": 7}, "canvas must be at least 8, got 7"),
        ({"speed": 10.0}, "speed must be from 0 to 9.5, got 10.0"),
        ({"speed": -1.0}, "speed must be from 0 to 9.5, got -1.0"),
        ({"turn": -1.0}, "turn must be at least 0, got -1.0"),
        ({"noise": -0.5}, "noise must be at least 0, got -0.5"),
    ],
)
def test_an_impossible_field_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Video(**fields)
