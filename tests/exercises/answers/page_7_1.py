import math

import numpy as np
import torch

from tests.exercises.answers.answers import Answers


def mix_in_numpy(sound, noise, snr_db):
    """Scale by amplitudes, in numpy."""
    s, n = sound.double().numpy(), noise.double().numpy()
    gain = np.sqrt((s**2).sum() / (n**2).sum()) * 10 ** (-snr_db / 20)
    return s + gain * n


def power_for_amplitude(sound, noise, snr_db):
    wanted = sound.square().mean().sqrt() / 10 ** (snr_db / 10)
    return sound + noise * wanted / noise.square().mean().sqrt()


def root_twice(sound, noise, snr_db):
    gain = 10 ** (-snr_db / 40)
    return sound + noise * gain * (sound.square().mean() / noise.square().mean()).sqrt()


def of_unit_sound(sound, noise, snr_db):
    return sound + noise * 10 ** (-snr_db / 20) / noise.square().mean().sqrt()


def of_unit_noise(sound, noise, snr_db):
    return sound + noise * 10 ** (-snr_db / 20) * sound.square().mean().sqrt()


def by_variance(sound, noise, snr_db):
    wanted = sound.square().mean() / 10 ** (snr_db / 10)
    return sound + noise * (wanted / noise.var()).sqrt()


def noise_alone(sound, noise, snr_db):
    return noise * 0.1


def by_loop(log_p, present):
    """Go through the examples one by one, with probabilities."""
    first = next(iter(log_p.values()))
    rows = []
    for i in range(len(first)):
        p = torch.ones(first.shape[1], dtype=torch.float64)
        for name, values in log_p.items():
            if name not in present or present[name][i]:
                p = p * values[i].double().exp()
        rows.append((p / p.sum()).log())
    return torch.stack(rows)


def filled(log_p, present):
    everywhere = torch.ones(len(next(iter(log_p.values()))), dtype=torch.bool)
    return {
        n: torch.where(present.get(n, everywhere)[:, None], v, 0.0) for n, v in log_p.items()
    }, everywhere


def unnormalized(log_p, present):
    return sum(filled(log_p, present)[0].values())


def averaged_logs(log_p, present):
    values, everywhere = filled(log_p, present)
    count = sum(present.get(n, everywhere).float() for n in log_p).clamp(min=1)
    return (sum(values.values()) / count[:, None]).log_softmax(dim=1)


def averaged_probabilities(log_p, present):
    values, everywhere = filled(log_p, present)
    there = {n: present.get(n, everywhere)[:, None].double() for n in log_p}
    total = sum(there[n] * values[n].exp() for n in log_p)
    return (total / sum(there.values()).clamp(min=1)).log()


def by_product(log_p, present):
    terms = [v * present[n][:, None] if n in present else v for n, v in log_p.items()]
    return sum(terms).log_softmax(dim=1)


def in_place(log_p, present):
    for name, values in log_p.items():
        if name in present:
            values[~present[name]] = 0.0
    return sum(log_p.values()).log_softmax(dim=1)


def needs_every_mask(log_p, present):
    none = torch.zeros(len(next(iter(log_p.values()))), dtype=torch.bool)
    return by_loop(log_p, {name: present.get(name, none) for name in log_p})


def nothing_without_any(log_p, present):
    fused = by_loop(log_p, present)
    there = torch.stack(list(present.values())).any(dim=0) if present else torch.ones(len(fused))
    return torch.where(there[:, None].bool(), fused, -100.0)


def image_only(log_p, present):
    """Fill a missing sound with certainty in the first class."""
    log_p = {n: v.nan_to_num(0.0) for n, v in log_p.items()}
    sure = torch.tensor([0.0] + [-9.0] * (next(iter(log_p.values())).shape[1] - 1))
    total = sum(
        torch.where(present[n][:, None], v, sure) if n in present else v for n, v in log_p.items()
    )
    return total.log_softmax(dim=1)


FOUND = {
    "A": "silence counted",
    "B": "sign turned round",
    "C": "right",
    "D": "amplitude for power",
}


def exchanged(a, b):
    return FOUND | {a: FOUND[b], b: FOUND[a]}


ANSWERS = {
    "7.1.a": Answers(
        right=144 / 145,
        also_right=[np.float64(0.9931), torch.tensor(0.993), lambda: 0.64 / (0.64 + 0.04 / 9)],
        wrong={
            "how often both are right": 0.64,
            "one of them alone": 0.8,
            "at least one of them": 0.96,
            "one wrong digit only": 0.64 / 0.68,
            "these are the odds": 144.0,
            "how often they agree": 0.64 + 0.04 / 9,
            "any of the nine others": 0.64 / (0.64 + 0.04 / 81),
            "not a percentage": 99.31,
            "two ways": 0.9,
            "one number": [0.64, 0.04],
        },
    ),
    "7.1.b": Answers(
        right=mix_in_numpy,
        also_right=[
            lambda s, n, db: s + n / n.norm() * s.norm() * 10 ** (-db / 20),
        ],
        wrong={
            "goes with the square of the amplitude": power_for_amplitude,
            "the root twice": root_twice,
            "the less noise": lambda s, n, db: mix_in_numpy(s, n, -db),
            "its power here is 1/8": of_unit_sound,
            "the level that it came with": of_unit_noise,
            "the variance leaves out": by_variance,
            "no noise was added": lambda s, n, db: s,
            "the noise alone": noise_alone,
            "is to be 10": lambda s, n, db: mix_in_numpy(s, n, db + 2),
            "return a sound": lambda s, n, db: mix_in_numpy(s, n, db)[None],
        },
    ),
    "7.1.c": Answers(
        right=by_loop,
        also_right=[lambda *given: by_loop(*given).numpy()],
        wrong={
            "divide by their sum": unnormalized,
            "not averaged": averaged_logs,
            "multiply them": averaged_probabilities,
            "use `torch.where`": by_product,
            "changes its input, `log_p`": in_place,
            "return their logarithms": lambda *given: by_loop(*given).exp(),
            "is there": needs_every_mask,
            "all classes are equally probable": nothing_without_any,
            "the answer is that of the image": image_only,
            "return (examples, classes)": lambda *given: by_loop(*given).argmax(dim=1),
            "make 0.6, 0.16, 0.24": lambda y, present: by_loop({"image": y["image"]}, present),
        },
    ),
    "7.1.d": Answers(
        right=0.76,
        also_right=[torch.tensor(0.755), lambda: 0.5 * (1 + math.erf(0.5))],
        wrong={
            "did no harm": 0.84,
            "what two good numbers give": 0.92,
            "The image still tells": 0.5,
            "chosen by a coin": 0.67,
            "below 1/√2": 0.7,
            "a number from 0 to 1": 76,
            "one number": "a lot",
        },
    ),
    "7.1.e": Answers(
        right=FOUND,
        also_right=[lambda: dict(reversed(FOUND.items()))],
        wrong={
            "A is not right": exchanged("A", "C"),
            "A is not amplitude for power": exchanged("A", "D"),
            "A is not sign turned round": exchanged("A", "B"),
            "C is not amplitude for power": exchanged("C", "D"),
            "each occurs once": FOUND | {"D": "right"},
            "choose one of": FOUND | {"D": "fine"},
            "a verdict for each": ["A", "B"],
        },
    ),
}
