"""Page 4.1 runs the article's final script with nothing but its two ellipses filled in."""

import json
from pathlib import Path

PAGE = Path(__file__).parents[2] / "notebooks" / "4-1-the-program.ipynb"

ARTICLE = """\
# 实例化网络
image_resnet = ImageResNet()
text_resnet = TextResNet()
shared_representation = SharedRepresentation()
final_classifier = FinalClassifier()
multi_modal_net = MultiModalNet()

# 加载数据
train_loader = ...
val_loader = ...

# 训练
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
image_resnet.to(device)
text_resnet.to(device)
shared_representation.to(device)
final_classifier.to(device)
multi_modal_net.to(device)

optimizer = optim.Adam(multi_modal_net.parameters())
criterion = nn.CrossEntropyLoss()

for epoch in range(num_epochs):
    train(multi_modal_net, train_loader, criterion, optimizer, device)
    val_accuracy = predict(multi_modal_net, val_loader, device)
    print(f"Epoch: {epoch + 1}, Validation Accuracy: {val_accuracy}")
"""

CELLS = json.loads(PAGE.read_text(encoding="utf-8"))["cells"]


def the_script() -> dict:
    (cell,) = [cell for cell in CELLS if "# 实例化网络" in "".join(cell["source"])]
    return cell


def test_only_the_two_ellipses_are_filled_in() -> None:
    ours, article = "".join(the_script()["source"]).splitlines(), ARTICLE.splitlines()
    assert len(ours) == len(article)
    changed = [(was, now) for was, now in zip(article, ours, strict=True) if was != now]
    assert [was for was, _ in changed] == ["train_loader = ...", "val_loader = ..."]
    assert all(now.startswith(was.removesuffix("...")) for was, now in changed)


def test_it_prints_the_accuracy_of_each_epoch() -> None:
    text = "".join("".join(output["text"]) for output in the_script()["outputs"])
    lines = text.splitlines()
    assert len(lines) > 1
    for number, line in enumerate(lines, start=1):
        epoch, accuracy = line.split(", Validation Accuracy: ")
        assert epoch == f"Epoch: {number}"
        assert 0 <= float(accuracy) <= 1
