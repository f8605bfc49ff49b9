"""The data sets of the book, where they come from, and the digests of their files."""

from functools import partial

from mmtutor.data.about import About
from mmtutor.data.entry import Download, Entry, Part
from mmtutor.data.fonts import GLYPHS
from mmtutor.data.planted import PLANTED
from mmtutor.data.scans import SCANS
from mmtutor.data.unpack import grid_arrays, gunzip, untar

# Names, md5 sums and mirrors are those of torchvision.datasets.MNIST. Here: md5 of the file to
# download, sha256 of what is in it, and its name.
_MNIST_MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist",
    "http://yann.lecun.com/exdb/mnist",
)
_MNIST = """
f68b3c2dcbeaaa9fbdd348bbdeb94873
ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db  train-images-idx3-ubyte
d53e105ee54ea40749a09fcbcd1e9432
65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5  train-labels-idx1-ubyte
9fb629c4189551a2d022fa330f9573f3
0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7  t10k-images-idx3-ubyte
ec29112dd5afa0611ce80d1b7f02629c
ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2  t10k-labels-idx1-ubyte
"""

_FSDD = "https://github.com/Jakobovski/free-spoken-digit-dataset"

_MOSI_COMMIT = "declare-lab/multimodal-deep-learning/111b401d867c14a1dcd930fd2b2ab58a5eca3f70"
_MOSI = """
e7689e6d70720addd2a6b316419d245a68839c32b014ff426c406063ee777466  transcripts.csv
73770b6302ad0f7a51f4eddcae6788efde4d0b6802e09f78249d5b538d1c1d67  text_train.csv
f3b735070bf07ceff7a6ef6c8f4c32757e988de484e35bd6d38b2aecef851a59  text_test.csv
cc327045db6cc361a08b4037b97bb24de4ddb5efb381468c4835cc4a60674668  text/text_train0.csv
a343e22272919d1384c2075dbcdd5fef5aa9f9366b0552a83f7c3147b64b047a  text/text_test0.csv
5435398a54664e7b00304587dc59ae84a438852be033c2a2fba779588624a2a1  audio/audio_train0.csv
ddd17eeefd3d951d51d4e2ef8a0d132652d8161e1886f71eb7262b7a14bffff6  audio/audio_test0.csv
b6efc0413132d627efd06f67f1706830e775e90af9a75696f535c48dbc73f12f  video/video_train0.csv
cab836253d81100f59d533fa2ff65cd53c486be3ec9fd82203c5e25a7a77265f  video/video_test0.csv
"""

_NOTO = "googlefonts/noto-emoji"
_NOTO_COMMIT = "b3e3051a088047d19fd4d49b1c3ac42fb8c3aaf8"
_NOTO_ALIASES = (
    "8486155d242f84e8c04108705383b11f9f351cc60147734c15d50b8eaa4df370  emoji_aliases.txt"
)

# The release of the npm package with the same number holds the same file.
_GROUPS_TAG = "muan/unicode-emoji-json/v0.8.0"
_GROUPS = "482fd00f3c24687e428dcda89c619bdf7dda25e51cdf7a064c75862671c4ba31  data-by-emoji.json"

_CLDR_COMMIT = "unicode-org/cldr-json/b08a82b582f1120d630d623f9e5073316741574d"
_ANNOTATIONS = """
43026e387dfca6044cea21ce0d2e5c4477f39b2def459d671e205dae8dd57f75  ar
1071d9ccbcad11b9c02f05fa5a2d5f42feddb0cb177d20132e40ac988d14c3af  de
2405d3f2e4c5812a4faf93d965630246269e0177ce907d863c7d6bb197e957c1  en
1e6fa1a8b9eb4a8b60132609ae2482cf4ad088b9d2590648933b595660f30648  es
78b50ed824fd2b68e7cbc3ab92f364407aa285d9f7920785bdb8d3b138d97fef  fr
74419d311241783d9324b1e34cee5f8c7e0bf36f72caf42b016e6345dccc17f1  ja
c57fcb31e7f2ace00343b8578ae30a7856270bb23dc94e5ea02f3858ed875ef2  zh
"""
_DERIVED = """
6919d23e1dbd17657142f81c22161a3c646058bba3718a7ee3da2b364159ee45  ar
5ee716dda7bba385b709752c4ab33cc72da2654a17aa2b809a3941ca3875121f  de
8ebc16e27adf6c555c9ce467335cee8fc9416e5d8646a91bd4eacbb450ebee22  en
0916ceedfd358fc0c6a04c410f04d21732736638443676da4405c7c17390e97b  es
eeefc967e02b442f7396574111e3b01bd7f5a52447d96b82018ad2289b714089  fr
ecf52ab3589525bc11026af8413a4bd00535d076db478f2ec908b186260defa6  ja
1c3a4eb778737042aba1e14ff69a4264b22348981e51f0a34b98645d0b29ea1e  zh
"""


def _files(listed: str, revision: str, below: str = "", path: str = "{}") -> tuple[Part, ...]:
    """Return parts that are single files of a GitHub repository, stored as they are.

    Args:
        listed: their lines, `sha256  name`.
        revision: `owner/name/commit`.
        below: the folder of the repository that holds them, with a slash at its end.
        path: of each below that folder, and below the folder of the set; `{}` is its name.
    """
    parts = []
    for line in listed.split("\n"):
        if line:
            digest, name = line.split()
            place = path.format(name)
            address = f"https://raw.githubusercontent.com/{revision}/{below}{place}"
            parts.append(Part(place, digest, (Download((address,), f"sha256:{digest}"),)))
    return tuple(parts)


def _mnist() -> tuple[Part, ...]:
    words = iter(_MNIST.split())
    parts = []
    for md5, digest, name in zip(words, words, words, strict=True):
        addresses = tuple(f"{mirror}/{name}.gz" for mirror in _MNIST_MIRRORS)
        download = Download(addresses, f"md5:{md5}")
        parts.append(Part(f"MNIST/raw/{name}", digest, (download,), gunzip))
    return tuple(parts)


def _archived(
    path: str, digest: str, files: int, repository: str, revision: str, members: str
) -> Part:
    """Return a folder from the archive of a GitHub repository.

    GitHub makes such an archive anew at times, with other bytes, so it has no checksum.
    """
    address = f"https://github.com/{repository}/archive/{revision}.tar.gz"
    unpack = partial(untar, members=members)
    return Part(path, digest, (Download((address,)),), unpack, files)


CATALOGUE: dict[str, Entry] = {
    "digits": Entry(SCANS),
    "glyphs": Entry(GLYPHS),
    "planted": Entry(PLANTED),
    "mnist": Entry(
        About(
            title="MNIST",
            license="as published by LeCun, Cortes and Burges",
            source=_MNIST_MIRRORS[0],
            citation=(
                "LeCun, Bottou, Bengio and Haffner 1998, Gradient-based learning applied to "
                "document recognition, Proceedings of the IEEE 86(11)"
            ),
        ),
        _mnist(),
        size=54_950_048,
    ),
    "fsdd": Entry(
        About(
            title="Free Spoken Digit Dataset",
            license="CC BY-SA 4.0",
            source=_FSDD,
            citation="Jackson, Souza, Flaks, Pan, Nicolas and Thite 2018, Free Spoken Digit "
            "Dataset, doi:10.5281/zenodo.1342401; here version 1.0.10",
        ),
        (
            _archived(
                "recordings",
                "99aa5e3a7c822ab55b2a3b47e0b05aeb9f011c54837a12e3831ad24108330829",
                3000,
                "Jakobovski/free-spoken-digit-dataset",
                "refs/tags/v1.0.10",
                "recordings/*.wav",
            ),
        ),
        folder="fsdd",
        size=21_128_848,
    ),
    "av_mnist": Entry(
        About(
            title="Audio-visual MNIST",
            license="MNIST: as published by its authors; Free Spoken Digit Dataset: CC BY-SA 4.0",
            source="MNIST and the Free Spoken Digit Dataset",
            citation=(
                "after Vielzeuf, Lechervy, Pateux and Jurie 2018, CentralNet: a Multilayer "
                "Approach for Multimodal Fusion"
            ),
        ),
        made_from=("mnist", "fsdd"),
    ),
    "grid": Entry(
        About(
            title="GRID corpus, speaker 1",
            license="CC BY 4.0",
            source="https://doi.org/10.5281/zenodo.3625687",
            citation=(
                "Cooke, Barker, Cunningham and Shao 2006, An audio-visual corpus for speech "
                "perception and automatic speech recognition, Journal of the Acoustical Society "
                "of America 120(5)"
            ),
        ),
        (
            Part(
                "s1_digits.npz",
                "7f60ca74305c0b69971087d41072a547e2b76c05c19abe9a1b9ab57b6bed9831",
                (
                    Download(("doi:10.5281/zenodo.3625687/s1.zip",)),
                    Download(("doi:10.5281/zenodo.3625687/alignments.zip",)),
                ),
                grid_arrays,
                computed=True,
                needs=("av",),
            ),
        ),
        folder="grid",
        size=25_008_373,
    ),
    "mosi": Entry(
        About(
            title="CMU-MOSI, features",
            license="MIT (the repository)",
            source="https://github.com/declare-lab/multimodal-deep-learning",
            citation=(
                "Zadeh, Zellers, Pincus and Morency 2016, MOSI: Multimodal Corpus of Sentiment "
                "Intensity and Subjectivity Analysis in Online Opinion Videos, arXiv:1606.06259"
            ),
        ),
        _files(_MOSI, _MOSI_COMMIT, "bc-LSTM/data/"),
        folder="mosi",
        size=10_980_758,
    ),
    "emoji": Entry(
        About(
            title="Noto emoji and their names",
            license="Apache 2.0 and OFL 1.1; Unicode License v3; MIT",
            source="https://github.com/googlefonts/noto-emoji",
            citation="Google, Noto Emoji; Unicode, Common Locale Data Repository; Chiou, "
            "unicode-emoji-json 0.8.0",
        ),
        (
            _archived(
                "png72",
                "b81c9a2800d8c04ec254a0dd181e71bf3b700d07591d0ba8baad3e12b138219c",
                3583,
                _NOTO,
                _NOTO_COMMIT,
                "png/72/*.png",
            ),
            *_files(_NOTO_ALIASES, f"{_NOTO}/{_NOTO_COMMIT}"),
            *_files(_GROUPS, _GROUPS_TAG),
            *_files(
                _ANNOTATIONS,
                _CLDR_COMMIT,
                "cldr-json/cldr-annotations-full/",
                "annotations/{}/annotations.json",
            ),
            *_files(
                _DERIVED,
                _CLDR_COMMIT,
                "cldr-json/cldr-annotations-derived-full/",
                "annotationsDerived/{}/annotations.json",
            ),
        ),
        folder="emoji",
        size=19_452_167,
    ),
}
