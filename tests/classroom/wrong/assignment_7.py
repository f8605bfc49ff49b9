"""Assignment 7, before you trust real data."""

from tests.classroom.wrong.wrong import Key, Wrong

_LACKS = "max(range(len(lacks)), key=lambda p: lacks[p])"
_MEL = [
    Wrong("points = 700 * (10 ** (torch.linspace(0, highest, bands + 2).double() / 2595) - 1)",
          "points = torch.linspace(0, rate / 2, bands + 2).double()"),
    Wrong("* rate / window", "* rate / 2 / window"),
    Wrong(" * torch.hann_window(window)", "", "the Hann window is missing"),
    Wrong(".abs().square()", ".abs()", "the square of the magnitude"),
    Wrong("sounds.unfold", "F.pad(sounds, (window // 2, window // 2)).unfold", "beyond the sound"),
]  # fmt: skip
_TABLE = [
    Wrong("F.normalize(pictures.double()), F.normalize(texts.double())",
          "pictures.double(), texts.double()", "use the cosine"),
    Wrong("back = s.T[thing[mine]]", "back = (texts @ pictures.T).T[thing[mine]]"),
    Wrong("s = texts[mine] @ pictures.T", "s = texts[mine] @ pictures[thing[mine]].T"),
    Wrong("score(back, torch.arange(len(s)))", "score(s, thing[mine])"),
]  # fmt: skip
_PAD = [
    Wrong("correction=0", "correction=1"),
    Wrong("(deviation + 1e-6)", "(deviation**2 + 1e-6)"),
    Wrong("mean, deviation = frames", "frames = F.pad(frames, (0, 0, 0, 9))\n    "
          "mean, deviation = frames"),
    Wrong(" / (deviation + 1e-6)", ""),
]  # fmt: skip

WRONG: dict[Key, list[Wrong]] = {
    ("7", 0, "split"): [
        Wrong("(-int(sizes[i]), int(numbers[i]))", "(int(sizes[i]), int(numbers[i]))"),
        Wrong(_LACKS, "min(range(len(lacks)), key=lambda p: lacks[p])"),
        Wrong("-= int(sizes[i])", "-= 1"),
        Wrong("(-int(sizes[i]), int(numbers[i]))", "int(numbers[i])"),
    ],
    ("7", 1, "split"): [
        Wrong("groups.double() % 1", "torch.arange(len(groups)).double() % 1"),
        Wrong("groups.double() % 1", "groups.unique(return_inverse=True)[1].double() % 1"),
        Wrong(".cumsum(dim=0)", ""),
        Wrong("groups.double()", "(groups + 1).double()"),
    ],
    ("7", 0, "leaks"): [
        Wrong('" ".join(unicodedata.normalize("NFKC", name).casefold().split())', "name",
              "typed differently"),
        Wrong("casefold", "lower"),
        Wrong("NFKC", "NFC"),
        Wrong('" ".join(unicodedata.normalize("NFKC", name).casefold().split())',
              'unicodedata.normalize("NFKC", name).casefold()'),
    ],
    ("7", 1, "leaks"): [
        Wrong("min(pair)", "pair[0]", "mirror images are missing"),
        Wrong("each.flip(2)", "each.flip(1)"),
        Wrong("min(pair) ** 0.5", "min(pair)"),
        Wrong("min(pair) ** 0.5", "(min(pair) * each.numel()) ** 0.5"),
    ],
    ("7", 0, "mel"): [
        *_MEL,
        Wrong("level.amax(dim=(1, 2), keepdim=True)", "level.amax()"),
        Wrong("10 * m", "20 * m"),
        Wrong("1e-10", "1e-3"),
    ],
    ("7", 1, "mel"): [
        *_MEL,
        Wrong("weights * 2 / (high - low)", "weights / (high - low)"),
        Wrong("level.mean(dim=2, keepdim=True)", "level.mean(dim=1, keepdim=True)"),
        Wrong("(m + 1e-6)", "(m + 1e-2)"),
    ],
    ("7", 0, "pad"): [*_PAD, Wrong("each[:longest]", "each[-longest:]")],
    ("7", 1, "pad"): [*_PAD, Wrong("max(len(each) - longest, 0) // 2", "0")],
    ("7", 0, "mix"): [
        Wrong("sum(dim=1) / lengths", "sum(dim=1) / samples", "silence behind the speech"),
        Wrong(".sqrt()", "", ""),
        Wrong("snr_db / 10", "snr_db / 20"),
        Wrong(" / mixed.abs().amax(dim=1, keepdim=True).clamp(min=1)", ""),
        Wrong(".amax(dim=1, keepdim=True)", ".amax()"),
        Wrong(".clamp(min=1)", ""),
    ],
    ("7", 1, "mix"): [
        Wrong("[:, :samples] * real", "[:, :samples]"),
        Wrong("level = noise.square().sum(dim=1) / lengths", "level = noise.square().mean(dim=1)"),
        Wrong("signal / level / 10", "signal / level * 10"),
        Wrong("snr_db / 10", "snr_db / 20"),
    ],
    ("7", 0, "table"): [*_TABLE, Wrong("rank == 1", "rank <= 5")],
    ("7", 1, "table"): [*_TABLE, Wrong("(1 / rank).mean()", "1 / rank.double().mean()")],
}  # fmt: skip

RIGHT: list[tuple[Key, str]] = [
    (
        ("7", 0, "leaks"),
        """
import re

def leaks(train, test):
    def form(name):
        return re.sub(r"\\s+", " ", unicodedata.normalize("NFKC", name).casefold()).strip()

    train = [form(name) for name in train]
    return torch.tensor([i for i in range(len(test)) if form(test[i]) in train])
""",
    ),
    (
        ("7", 1, "pad"),
        """
def pad(sequences, longest):
    cut = []
    for s in sequences:
        extra = len(s) - longest
        cut.append(s if extra <= 0 else s.narrow(0, extra // 2, longest))
    every = torch.cat(cut).numpy()
    cut = [(c - every.mean(axis=0)) / (every.std(axis=0) + 1e-6) for c in cut]
    x = torch.nn.utils.rnn.pad_sequence(cut, batch_first=True)
    mask = torch.zeros(x.shape[:2], dtype=torch.bool)
    for row, c in zip(mask, cut):
        row[: len(c)] = True
    return x, mask
""",
    ),
    (
        ("7", 0, "mix"),
        """
def mix(speech, lengths, noise, snr_db):
    clips = []
    for s, n, count in zip(speech, noise, lengths.tolist()):
        n = n[: len(s)]
        wanted = s[:count].pow(2).mean() * 10 ** (-snr_db / 10)
        clip = s + n * (wanted / n.pow(2).mean()) ** 0.5
        top = clip.abs().max()
        clips.append(clip / top if top > 1 else clip)
    return torch.stack(clips)
""",
    ),
]
