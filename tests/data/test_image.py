"""The image renderer."""

import pytest
import torch

from mmtutor.data import Image, Scene, scans


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def scene(pictures):
    labels = torch.zeros(len(pictures), dtype=torch.int64)
    return Scene(pictures, labels, labels)


def filled(count, value=1.0):
    return scene(torch.full((count, 8, 8), value))


def test_a_canvas_of_8_shows_the_scan_as_it_is():
    pictures = scans().pixels[:20]
    assert torch.equal(Image(canvas=8)(scene(pictures), seeded())[:, 0], pictures)


def test_a_larger_canvas_shows_the_scan_larger():
    pictures = scans().pixels[:20]
    image = Image(canvas=16)(scene(pictures), seeded())
    assert image.shape == (20, 1, 16, 16)
    assert torch.allclose(image.mean(dim=(1, 2, 3)), pictures.mean(dim=(1, 2)), atol=0.02)


def test_a_shifted_scan_stays_whole_and_lands_everywhere_within_the_shift():
    image = Image(canvas=10, shift=1)(filled(300), seeded())[:, 0]
    corners = {tuple(picture.nonzero()[0].tolist()) for picture in image}
    assert corners == {(row, column) for row in range(3) for column in range(3)}
    assert (image.sum(dim=(1, 2)) == 64).all()
    row, column = image[0].nonzero()[0].tolist()
    assert (image[0, row : row + 8, column : column + 8] == 1).all()


def test_without_a_shift_the_scan_fills_the_canvas():
    assert (Image(canvas=12)(filled(3), seeded()) == 1).all()


def test_occlusion_blanks_one_square_of_that_share():
    image = Image(canvas=16, occlusion=0.25)(filled(200), seeded())[:, 0]
    assert ((image == 0).sum(dim=(1, 2)) == 64).all()
    for picture in image[:20]:
        first, last = (picture == 0).nonzero()[[0, -1]].tolist()
        assert (last[0] - first[0], last[1] - first[1]) == (7, 7)
    assert len({tuple((picture == 0).nonzero()[0].tolist()) for picture in image}) > 50


def test_an_occlusion_of_1_leaves_nothing():
    assert (Image(occlusion=1.0)(filled(3), seeded()) == 0).all()


def test_noise_has_its_standard_deviation_and_is_clipped():
    image = Image(noise=0.1)(filled(100, value=0.5), seeded())
    assert image.mean().item() == pytest.approx(0.5, abs=0.005)
    assert image.std().item() == pytest.approx(0.1, abs=0.005)
    loud = Image(noise=5.0)(filled(100, value=0.5), seeded())
    assert (loud.min(), loud.max()) == (0, 1)


def test_more_noise_leaves_shift_and_occlusion_as_they_were():
    clean = Image(canvas=14, shift=3, occlusion=0.1)(filled(50), seeded())
    noisy = Image(canvas=14, shift=3, occlusion=0.1, noise=1e-6)(filled(50), seeded())
    assert torch.allclose(clean, noisy, atol=1e-4)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"canvas": 7}, "canvas must be at least 8, got 7"),
        ({"canvas": 16, "shift": 5}, "shift must be from 0 to 4, got 5"),
        ({"shift": -1}, "shift must be from 0 to 4, got -1"),
        ({"occlusion": 1.5}, "occlusion must be from 0 to 1, got 1.5"),
        ({"noise": -0.1}, "noise must be at least 0, got -0.1"),
        ({"noise": float("nan")}, "noise must be at least 0, got nan"),
    ],
)
def test_an_impossible_field_is_refused(fields, message):
    with pytest.raises(ValueError, match=message):
        Image(**fields)
