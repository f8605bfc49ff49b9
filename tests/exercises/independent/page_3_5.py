import math

import torch


def multiplied(in_channels, out_channels, shape, stride, up=math.ceil):
    frames, height, width = shape
    inside = 27 * in_channels * out_channels // (9 * in_channels + 3 * out_channels)
    area = up(height / stride) * up(width / stride)
    in_space = frames * area * inside * 9 * in_channels
    return in_space + up(frames / stride) * area * out_channels * 3 * inside


def multiplied_by_integers(in_channels, out_channels, shape, stride):
    after = [-(-n // stride) for n in shape]
    M = 3**3 * in_channels * out_channels // (3**2 * in_channels + 3 * out_channels)
    space = M * shape[0] * after[1] * after[2] * in_channels * 3 * 3
    time = out_channels * after[0] * after[1] * after[2] * M * 3
    return space + time


def multiplied_by_layers(in_channels, out_channels, shape, stride):
    i, o = in_channels, out_channels
    inside = (27 * i * o) // (9 * i + 3 * o)
    total, size = 0, torch.tensor(shape)
    for before, after, kernel, steps in (
        (i, inside, 9, (1, stride, stride)),
        (inside, o, 3, (stride, 1, 1)),
    ):
        size = torch.ceil(size / torch.tensor(steps)).long()
        total += before * after * kernel * int(size.prod())
    return total


def stride_at_once(in_channels, out_channels, shape, stride):
    small = [math.ceil(n / stride) for n in shape]
    return multiplied(in_channels, out_channels, small, 1)


def stride_at_last(in_channels, out_channels, shape, stride):
    inside = 27 * in_channels * out_channels // (9 * in_channels + 3 * out_channels)
    small = [math.ceil(n / stride) for n in shape]
    in_space = math.prod(shape) * inside * 9 * in_channels
    return in_space + math.prod(small) * out_channels * 3 * inside


def not_factorized(in_channels, out_channels, shape, stride):
    return 27 * in_channels * out_channels * math.prod(math.ceil(n / stride) for n in shape)


def inside_not_whole(in_channels, out_channels, shape, stride):
    frames, height, width = (math.ceil(n / stride) for n in shape)
    inside = 27 * in_channels * out_channels / (9 * in_channels + 3 * out_channels)
    each = shape[0] * 9 * in_channels + frames * 3 * out_channels
    return inside * height * width * each


def time_before_space(in_channels, out_channels, shape, stride):
    frames, height, width = (math.ceil(n / stride) for n in shape)
    inside = 27 * in_channels * out_channels // (9 * in_channels + 3 * out_channels)
    in_time = frames * shape[1] * shape[2] * inside * 3 * in_channels
    return in_time + frames * height * width * out_channels * 9 * inside


def weights_only(in_channels, out_channels, shape, stride):
    inside = 27 * in_channels * out_channels // (9 * in_channels + 3 * out_channels)
    return inside * (9 * in_channels + 3 * out_channels)


def inside_as_out(in_channels, out_channels, shape, stride):
    frames, height, width = (math.ceil(n / stride) for n in shape)
    each = shape[0] * 9 * in_channels + frames * 3 * out_channels
    return out_channels * height * width * each


def average_by_video(encoder, videos, lengths):
    means = []
    for video, n in zip(videos, lengths.tolist(), strict=True):
        means.append(encoder(video[:, :n].transpose(0, 1)).mean(dim=0))
    return torch.stack(means)


def average_of_chosen(encoder, videos, lengths):
    """Encode the real frames of all videos as one batch."""
    real = torch.arange(videos.shape[2]) < lengths[:, None]
    h = encoder(videos.movedim(2, 1)[real])
    return torch.stack([part.mean(dim=0) for part in h.split(real.sum(dim=1).tolist())])


def average_of_emptied(encoder, videos, lengths):
    real = torch.arange(videos.shape[2]) < lengths[:, None]
    clean = videos.where(real[:, None, :, None, None], torch.zeros(()))
    h = encoder(clean.transpose(1, 2).flatten(0, 1)).unflatten(0, real.shape)
    return (h * real[..., None]).sum(dim=1) / lengths[:, None]


def average_of_all(encoder, videos, lengths):
    h = encoder(videos.nan_to_num().movedim(2, 1).flatten(0, 1))
    return h.unflatten(0, (len(videos), -1)).mean(dim=1)


def average_with_nan(encoder, videos, lengths):
    real = torch.arange(videos.shape[2]) < lengths[:, None]
    h = encoder(videos.movedim(2, 1).flatten(0, 1)).unflatten(0, real.shape)
    return (h * real[..., None]).sum(dim=1) / lengths[:, None]


def average_of_pictures(encoder, videos, lengths):
    pairs = zip(videos, lengths.tolist(), strict=True)
    return encoder(torch.stack([video[:, :n].mean(dim=1) for video, n in pairs]))


def average_by_all(encoder, videos, lengths):
    return average_of_chosen(encoder, videos, lengths) * (lengths / videos.shape[2])[:, None]


def average_reshaped(encoder, videos, lengths):
    batch, channels, frames, height, width = videos.shape
    h = encoder(videos.nan_to_num().reshape(batch * frames, channels, height, width))
    real = torch.arange(frames) < lengths[:, None]
    return (h.unflatten(0, real.shape) * real[..., None]).sum(dim=1) / lengths[:, None]


def largest_of_real(encoder, videos, lengths):
    pairs = zip(videos, lengths.tolist(), strict=True)
    return torch.stack([encoder(v[:, :n].transpose(0, 1)).amax(dim=0) for v, n in pairs])


def average_in_place(encoder, videos, lengths):
    real = torch.arange(videos.shape[2]) < lengths[:, None]
    videos.transpose(1, 2)[~real] = 0
    return average_of_chosen(encoder, videos, lengths)


def average_in_evaluation(encoder, videos, lengths):
    encoder.eval()
    return average_of_chosen(encoder, videos, lengths)


RIGHT = {
    "3.5.a": [multiplied, multiplied_by_integers, multiplied_by_layers],
    "3.5.b": [average_by_video, average_of_chosen, average_of_emptied],
}

WRONG = {
    "3.5.a": [
        # The stride in time comes first.
        stride_at_once,
        # All strides come last.
        stride_at_last,
        # The 3-D convolution.
        not_factorized,
        # Rounds positions down.
        lambda in_channels, out_channels, shape, stride: multiplied(
            in_channels, out_channels, shape, stride, up=math.floor
        ),
        # The channels between are not a whole number.
        inside_not_whole,
        # Time before space.
        time_before_space,
        # The weights, not the multiplications.
        weights_only,
        # As many channels between as at the end.
        inside_as_out,
        # Additions counted, too.
        lambda in_channels, out_channels, shape, stride: (
            2 * multiplied(in_channels, out_channels, shape, stride)
        ),
        # No stride.
        lambda in_channels, out_channels, shape, stride: multiplied(
            in_channels, out_channels, shape, 1
        ),
    ],
    "3.5.b": [
        # All frames.
        average_of_all,
        # NaN times zero is NaN.
        average_with_nan,
        # The features of the average picture.
        average_of_pictures,
        # Divided by the number of all frames.
        average_by_all,
        # Axes are cut wrongly: mixes channels and frames.
        average_reshaped,
        # The largest.
        largest_of_real,
        # One frame too few.
        lambda encoder, videos, lengths: average_of_chosen(
            encoder, videos, (lengths - 1).clamp(min=1)
        ),
        # The first frame.
        lambda encoder, videos, lengths: encoder(videos[:, :, 0]),
        # As many frames of each as the shortest has.
        lambda encoder, videos, lengths: average_of_chosen(
            encoder, videos, torch.full_like(lengths, int(lengths.min()))
        ),
        # No gradient.
        lambda encoder, videos, lengths: average_of_chosen(encoder, videos, lengths).detach(),
        # Empties the reader's own videos.
        average_in_place,
        # The encoder is in evaluation mode from now on.
        average_in_evaluation,
    ],
}
