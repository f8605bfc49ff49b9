"""The number words for 0 to 9."""

# Japanese in hiragana, in the reading used for counting out digits.
DIGIT_WORDS: dict[str, tuple[str, ...]] = {
    language: tuple(words.split())
    for language, words in {
        "english": "zero one two three four five six seven eight nine",
        "french": "zéro un deux trois quatre cinq six sept huit neuf",
        "spanish": "cero uno dos tres cuatro cinco seis siete ocho nueve",
        "german": "null eins zwei drei vier fünf sechs sieben acht neun",
        "italian": "zero uno due tre quattro cinque sei sette otto nove",
        "portuguese": "zero um dois três quatro cinco seis sete oito nove",
        "dutch": "nul een twee drie vier vijf zes zeven acht negen",
        "turkish": "sıfır bir iki üç dört beş altı yedi sekiz dokuz",
        "swahili": "sifuri moja mbili tatu nne tano sita saba nane tisa",
        "russian": "ноль один два три четыре пять шесть семь восемь девять",
        "chinese": "零 一 二 三 四 五 六 七 八 九",
        "japanese": "れい いち に さん よん ご ろく なな はち きゅう",
    }.items()
}
