"""Train the small network of the welcome page, and write its weights as a script.

`python -m tools.live` does both; a page that was opened from disk can load a script, but fetch no
file. `book/live/network.js` computes with the weights what PyTorch computes.
"""

import base64
import json
import re
from pathlib import Path

import torch
from torch import Tensor

from mmtutor import data, encoders, fusion, network, seed_everything, training
from mmtutor.balancing import ModalityDropout
from mmtutor.data.digits.audio import MORSE_SIGNALS

ROOT = Path(__file__).parents[1]
WEIGHTS = ROOT / "book" / "live" / "weights.js"
SENSES = ("image", "text", "audio")
# From clean to hard, so that the network meets what a reader may do to its inputs.
SPOILED = ((0.0, 0.0, None), (0.2, 0.2, 10.0), (0.4, 0.4, 0.0))  # pixel noise, typos, SNR in dB


def untrained() -> network.MultiModalNet:
    """Return the network: three encoders, the book's default fusion, ten classes."""
    parts = {
        "image": encoders.ImageResNet(widths=(8, 16, 32)),
        "text": encoders.TextResNet(embedding_features=16, width=32),
        "audio": encoders.AudioResNet(widths=(8, 16, 32), window=128),
    }
    joint = fusion.SharedRepresentation(dict.fromkeys(SENSES, 32), allow_missing=True)
    return network.MultiModalNet(parts, joint)


def examples(split: str) -> data.MultimodalDataset:
    """Return the scans of a split, each spoiled to every degree, with words and Morse code."""
    sets = []
    for seed, (noise, typos, snr) in enumerate(SPOILED):
        looks: dict[str, data.Renderer] = {
            "image": data.Image(canvas=8, noise=noise),
            "text": data.Text(typos=typos),
            "audio": data.Audio(snr_db=snr),
        }
        sets.append(data.digits(split, looks, seed=seed))
    inputs = {name: torch.cat([each.inputs[name] for each in sets]) for name in SENSES}
    return data.MultimodalDataset(inputs, torch.cat([each.targets for each in sets]))


def trained(epochs: int = 30) -> network.MultiModalNet:
    """Train the network, its weights rounded to what the page stores."""
    seed_everything(0)
    model = untrained()
    batches = data.loader(examples("train"), 64, shuffle=True, seed=0)
    learner = ModalityDropout(model, 0.5)
    training.fit(learner, batches, epochs=epochs, schedule="one-cycle", rate=0.01, clip_norm=5.0)
    model.load_state_dict({name: rounded(x) for name, x in model.state_dict().items()})
    return model.eval()


def rounded(x: Tensor) -> Tensor:
    """Return numbers as 16 bits hold them; counts stay."""
    return x.half().float() if x.is_floating_point() else x


def as_script(model: network.MultiModalNet) -> str:
    """Return the weights, and what the page needs to show, as JavaScript."""
    weights = {
        name: {"shape": list(x.shape), "half": encoded(x)}
        for name, x in model.state_dict().items()
        if x.is_floating_point()
    }
    kept = {"weights": weights, "morse": MORSE_SIGNALS, "scans": a_scan_of_each_digit()}
    return f"// Written by `python -m tools.live`.\nglobalThis.liveData = {json.dumps(kept)};\n"


def encoded(x: Tensor) -> str:
    """Return numbers of 16 bits, little-endian, in base64."""
    return base64.b64encode(x.half().numpy().astype("<f2").tobytes()).decode()


def a_scan_of_each_digit() -> list[list[int]]:
    """Return one scan of each digit, 64 counts of ink, 0 to 16.

    None was trained on, and each is nearest to the mean of its digit, so that it is recognized.
    """
    held_out = data.digits("validation", {"image": data.Image(canvas=8)})
    found = []
    for digit in range(10):
        scans = held_out.inputs["image"][held_out.targets == digit].flatten(1)
        nearest = (scans - scans.mean(dim=0)).square().sum(dim=1).argmin()
        found.append((scans[nearest] * 16).round().long().tolist())
    return found


def stored() -> network.MultiModalNet:
    """Return the network with the weights that the page has."""
    found = re.search(r"liveData = (.*);\n", WEIGHTS.read_text(encoding="utf-8"))
    assert found
    weights = json.loads(found[1])["weights"]
    state = untrained().state_dict()
    for name, part in weights.items():
        values = bytearray(base64.b64decode(part["half"]))
        state[name] = torch.frombuffer(values, dtype=torch.float16).float().view(part["shape"])
    model = untrained()
    model.load_state_dict(state)
    return model.eval()


def main() -> None:
    """Train, say how good it is on each sense alone, and write the script."""
    model = trained()
    held_out = examples("validation")
    for senses in (*((name,) for name in SENSES), SENSES):
        part = data.loader(held_out.select(*senses), 256)
        right = training.evaluate(model, part)["accuracy"]
        print(f"{' + '.join(senses)}: {right:.3f} of the validation examples right")
    WEIGHTS.write_text(as_script(model), encoding="utf-8")


if __name__ == "__main__":
    main()
