import numpy as np
import torch


def folded_by_rest(hertz, rate):
    rest = hertz % rate
    return rest if rest <= rate / 2 else rate - rest


def folded_by_angle(hertz, rate):
    return np.arccos(np.cos(2 * np.pi * hertz / rate)) * rate / (2 * np.pi)


def folded_step_by_step(hertz, rate):
    while hertz > rate / 2:
        hertz = abs(hertz - rate)
    return hertz


def centered_by_where(s, frames):
    real = torch.arange(s.shape[2])[None, None, :] < frames[:, None, None]
    clean = torch.where(real, s, 0.0)
    count = (frames * s.shape[1]).clamp(min=1)
    mean = clean.sum(dim=(1, 2)) / count
    return torch.where(real, clean - mean[:, None, None], 0.0)


def centered_by_slices(s, frames):
    rows = []
    for picture, n in zip(s, frames.tolist(), strict=True):
        part = picture[:, :n]
        part = part - part.mean() if n else part
        rows.append(torch.cat([part, torch.zeros_like(picture[:, n:])], dim=1))
    return torch.stack(rows)


def centered_by_nanmean(s, frames):
    padding = torch.arange(s.shape[-1]) >= frames[:, None]
    holes = s.masked_fill(padding[:, None], torch.nan)
    return (holes - holes.nanmean(dim=(1, 2), keepdim=True)).masked_fill(padding[:, None], 0)


def is_real(s, frames):
    return (torch.arange(s.shape[2]) < frames[:, None])[:, None]


def centered_by_product(s, frames):
    real = is_real(s, frames)
    mean = (s * real).sum(dim=(1, 2)) / (frames * s.shape[1]).clamp(min=1)
    return (s - mean[:, None, None]) * real


def centered_on_whole(s, frames):
    mean = s.mean(dim=(1, 2), keepdim=True)
    return torch.where(is_real(s, frames), s - mean, 0.0)


def centered_with_mean(s, frames, mean):
    return torch.where(is_real(s, frames), s - mean, 0.0)


def cleaned(s, frames):
    return torch.where(is_real(s, frames), s, 0.0)


def centered_padding_too(s, frames):
    count = (frames * s.shape[1]).clamp(min=1)[:, None, None]
    return cleaned(s, frames) - cleaned(s, frames).sum(dim=(1, 2), keepdim=True) / count


def centered_per_frequency(s, frames):
    count = frames.clamp(min=1)[:, None, None]
    return centered_with_mean(s, frames, cleaned(s, frames).sum(dim=2, keepdim=True) / count)


def centered_per_frame(s, frames):
    return centered_with_mean(s, frames, cleaned(s, frames).mean(dim=1, keepdim=True))


def centered_in_place(s, frames):
    s[:] = centered_by_where(s, frames)
    return s


def centered_without_rows(s, frames):
    count = frames.clamp(min=1)[:, None, None]
    return centered_with_mean(s, frames, cleaned(s, frames).sum(dim=(1, 2), keepdim=True) / count)


def centered_on_batch(s, frames):
    mean = cleaned(s, frames).sum() / (frames.sum() * s.shape[1]).clamp(min=1)
    return centered_with_mean(s, frames, mean)


RIGHT = {
    "3.4.a": [
        folded_by_rest,
        folded_by_angle,
        folded_step_by_step,
        lambda hertz, rate: abs(hertz - rate * round(hertz / rate)),
    ],
    "3.4.b": [centered_by_where, centered_by_slices, centered_by_nanmean],
}

WRONG = {
    "3.4.a": [
        # Goes on from zero instead of coming back.
        lambda hertz, rate: hertz % (rate / 2),
        # Right below the rate only.
        lambda hertz, rate: hertz if hertz <= rate / 2 else rate - hertz,
        # Positive, but right below one and a half times the rate only.
        lambda hertz, rate: hertz if hertz <= rate / 2 else abs(rate - hertz),
        # Cut off.
        lambda hertz, rate: min(hertz, rate / 2),
        # Not folded.
        lambda hertz, rate: hertz % rate,
        # Always folded, low tones too.
        lambda hertz, rate: rate - hertz % rate,
        # What is too high is not heard.
        lambda hertz, rate: hertz if hertz <= rate / 2 else 0,
        # The example.
        lambda hertz, rate: 1000,
        # Whole numbers only.
        lambda hertz, rate: int(folded_by_rest(hertz, rate)),
    ],
    "3.4.b": [
        # NaN times zero is NaN.
        centered_by_product,
        # The mean counts the padding.
        centered_on_whole,
        # The padding is minus the mean.
        centered_padding_too,
        # A mean for each frequency.
        centered_per_frequency,
        # A mean for each frame.
        centered_per_frame,
        # Changes s.
        centered_in_place,
        # Divides by the frames, not by all their numbers.
        centered_without_rows,
        # One mean for the whole batch.
        centered_on_batch,
        # One frame too many.
        lambda s, frames: centered_by_where(s, (frames + 1).clamp(max=s.shape[2])),
        # One frame too few.
        lambda s, frames: centered_by_where(s, (frames - 1).clamp(min=0)),
        # The mean is not taken away.
        cleaned,
    ],
}
