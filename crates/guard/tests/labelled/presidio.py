"""Presidio's recognisers on the labelled examples, for the table in docs/guards.md.

    pip install presidio-analyzer==2.2.366
    python crates/policy/tests/labelled/presidio.py

The recognisers that are compared need no language model, so a blank one stands in for it.
"""

import pathlib

import spacy
from presidio_analyzer import AnalyzerEngine, RecognizerRegistry
from presidio_analyzer.nlp_engine import SpacyNlpEngine

ENTITIES = {
    "PHONE_NUMBER": "PHONE_NUMBER",
    "EMAIL": "EMAIL_ADDRESS",
    "SSN": "US_SSN",
    "CREDIT_CARD": "CREDIT_CARD",
    "IBAN": "IBAN_CODE",
    "IP_ADDRESS": "IP_ADDRESS",
}


class Blank(SpacyNlpEngine):
    def __init__(self):
        super().__init__(models=[{"lang_code": "en", "model_name": "blank"}])
        self.nlp = {"en": spacy.blank("en")}

    def load(self):
        pass

    def is_loaded(self):
        return True


def read(line):
    line = line.replace("~", "").replace("\\n", "\n").replace("\\t", "\t")
    text, marks = "", []
    while "⟦" in line:
        before, rest = line.split("⟦", 1)
        kind, rest = rest.split("|", 1)
        value, line = rest.split("⟧", 1)
        text += before
        marks.append((kind, len(text), len(text) + len(value)))
        text += value
    return text + line, marks


def measure(analyzer, examples, ours, theirs):
    exact = partly = missed = wrong = 0
    for text, marks in examples:
        found = [(r.start, r.end) for r in analyzer.analyze(text, language="en", entities=[theirs])]
        for _, start, end in (m for m in marks if m[0] == ours):
            touching = [f for f in found if f[0] < end and start < f[1]]
            exact += (start, end) in touching
            partly += bool(touching) and (start, end) not in touching
            missed += not touching
            found = [f for f in found if f not in touching]
        if ours == "PHONE_NUMBER":
            mobiles = [m for m in marks if m[0] == "CN_MOBILE"]
            found = [f for f in found if not any(f[0] < end and start < f[1] for _, start, end in mobiles)]
        wrong += len(found)
    right = exact + partly
    print(
        f"| `{ours}` | {right + missed} | {right} | {exact} | {missed} | {wrong} "
        f"| {right / (right + wrong):.3f} | {right / (right + missed):.3f} |"
    )


def main():
    registry = RecognizerRegistry()
    registry.load_predefined_recognizers(languages=["en"])
    analyzer = AnalyzerEngine(registry=registry, nlp_engine=Blank())
    files = sorted(pathlib.Path(__file__).parent.glob("*.txt"))
    examples = [read(line) for file in files for line in file.read_text("utf-8").splitlines()]
    for ours, theirs in ENTITIES.items():
        measure(analyzer, examples, ours, theirs)


main()
