"""The page of a study: what it says, and that its figures are the summary's."""

import copy
import html
import re
from pathlib import Path

import pytest
from outline import Outline
from study_samples import ARMS, CASES, NASTY, make_arm, make_comparison, make_summary

from fashionlab.errors import StoreError
from fashionlab.reports.study import produce_study_page, render_study, words
from fashionlab.reports.study.answer import answer
from fashionlab.reports.study.named import named

CHANGES = {name: changes for name, changes, _ in ARMS}


def text_of(summary):
    return Path(summary["page"]).read_text(encoding="utf-8")


def plain_text(markup):
    """What a reader reads: without tags, entities resolved, white space as one space."""
    without = re.sub(r"<(style|script|title)\b.*?</\1>", " ", markup, flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


def card_of(summary, place):
    return plain_text(re.search(rf'id="arm-{place}".*?</article>', text_of(summary), re.S).group())


@pytest.fixture(params=CASES)
def case(request, pages):
    return pages(request.param)


def test_it_is_a_document_with_an_outline_and_no_address_outside(case):
    outline = Outline(text_of(case))
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert all(address.startswith(("#", "data:")) for address in outline.addresses)
    assert len(set(outline.identifiers)) == len(outline.identifiers)
    assert {a[1:] for a in outline.addresses if a.startswith("#")} <= set(outline.identifiers)
    assert outline.silent == []


def test_every_card_says_verdict_effect_interval_certainty_and_second_line(case):
    compared = case["kind"] == "compare"
    for place, arm in enumerate(case["arms"]):
        card, verdict = card_of(case, place), arm["verdict"]
        shown = {"helps": "better", "hurts": "worse"}.get(verdict["word"], verdict["word"])
        assert (shown if compared else verdict["word"]) in card
        assert plain_text(html.escape(verdict["second"])) in card
        if verdict["effect"] is None:
            assert "Nothing is known yet." in card
            continue
        assert f"{abs(verdict['effect']):.2f}" in card or abs(verdict["effect"]) < 0.005
        if verdict["low"] is None:
            assert "Not at all yet." in card
        else:
            assert f"{abs(verdict['low']):.2f}" in card
            assert f"{abs(verdict['high']):.2f}" in card
            assert words.confidence(verdict["level"]).replace(words.SPACE, " ") in card


def test_the_sentences_of_the_verdicts_are_on_the_page(pages):
    for name in ("study", "ten arms", "few seeds", "no pairs", "hostile"):
        text = plain_text(text_of(pages(name)))
        for arm in pages(name)["arms"]:
            assert plain_text(html.escape(words.with_minus(arm["verdict"]["sentence"]))) in text


def test_did_removing_dropout_hurt_and_how_sure_is_that(pages):
    summary = pages("study")
    card, verdict = card_of(summary, 0), summary["arms"][0]["verdict"]
    assert "Removing dropout" in card
    assert "dropout 0.3 → 0" in card
    assert "hurts" in card
    low, high = sorted((abs(verdict["low"]), abs(verdict["high"])))
    assert f"99.2 % confidence that the true loss is between {low:.2f} and {high:.2f} points." in card
    assert "At most 8 in 1,000 studies made like this one would be wrong about it." in card
    assert "The loss exceeds the margin of 0.2 points: it matters in practice." in card
    assert f"{round(-verdict['effect'] * 60):,} fewer of 6,000 pictures right" in card


def test_the_tables_hold_the_summarys_numbers(pages):
    summary = pages("study")
    text = plain_text(text_of(summary))
    for name, description in summary["accuracy"].items():
        title = "mlp (the baseline)" if name == "mlp" else words.what_changed(CHANGES[name], name)
        low, high = (f"{description[end]:.2f}" for end in ("low", "high"))
        assert f"{title} {description['mean']:.2f} {low} to {high} {description['deviation']:.2f} 10" in text
    for arm in summary["arms"]:
        for i, pair in enumerate(arm["pairs"]):
            accuracies = f"{100 * pair['baseline']:.2f} {100 * pair['arm']:.2f}"
            moved = f"{words.signed(pair['difference'])} {words.signed(arm['trajectory']['mean'][i])}"
            assert f"{pair['seed']} {accuracies} {moved}" in text
        for description in arm["secondary"].values():
            assert words.brief(description["mean"]) in text
        difference = summary["test"]["differences"][arm["name"]]
        span = f"{words.signed(difference['low'])} to {words.signed(difference['high'])}"
        assert f"{words.signed(difference['mean'])} {span} {words.effect(arm['verdict'])} 10" in text
        counts = summary["test"]["mcnemar"][arm["name"]]
        assert f"{counts['only_a']:,} {counts['only_b']:,}" in text


def test_a_comparison_shows_what_each_model_costs(pages):
    summary = pages("comparison")
    text = plain_text(text_of(summary))
    assert "cnn 92.91" in text
    assert "112.4 MB" in text
    assert "1,224,000" in text
    assert "11 ms" in text
    assert "640 ms" in text
    assert "187 pictures; 23 of them are shown" in text
    agreement = summary["compare"]["agreement"]
    assert f"{100 * agreement[1][2]:.1f} %" in text
    assert text_of(summary).count('class="pic"') == 23
    first = summary["compare"]["all_wrong"][0]
    assert f"{first['label']} mlp: {first['predicted']['mlp']}" in text
    assert "helps" not in card_of(summary, 2)
    assert 'id="models"' not in text_of(pages("study"))


def test_without_pictures_the_answers_are_shown_alone():
    summary, _ = make_comparison()
    text = render_study(summary).decode()
    assert 'class="pic"' not in text
    assert "The pictures themselves are not at hand." in text
    assert 'class="allwrong"' in text
    summary["compare"] |= {"all_wrong": [], "all_wrong_total": 0}
    assert "There is none" in render_study(summary).decode()


def test_users_text_is_escaped_everywhere(pages):
    text = text_of(pages("hostile"))
    for bad in NASTY[:2]:
        assert bad not in text
    assert "<b>field" not in text
    assert "{{ 7 * 7 }} &amp; co" in text
    assert text.count("<script") == 1
    assert "<script>alert(1)</script>" in plain_text(text)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("running", "Still running: 18 of 60 runs are done"),
        ("decided", "It ended by itself after 3 seeds: every change is decided."),
        ("seeds", "It ended after 3 seeds, as many as were planned. 5 of 5 changes are undecided."),
        ("minutes", "It ended after 3 seeds, when its time was up."),
        ("stopped", "It was stopped after 3 seeds. What stands here holds"),
    ],
)
def test_it_says_where_the_study_stands(state, said):
    assert said in plain_text(render_study(make_summary(seeds=3, state=state)).decode())


def test_failures_and_pairs_left_out_are_counted_and_explained(pages):
    summary = copy.deepcopy(make_summary())
    summary["arms"][1] |= {
        "failures": [{"seed": 4, "reason": "killed for memory", "attempts": 3}],
        "left_out": [{"seed": 4, "reason": "the arm failed"}, {"seed": 7, "reason": "the baseline failed"}],
    }
    summary["runs"] |= {"failed": 2, "retried": 5}
    summary["failures"] = [{"seed": 7, "reason": "took too long", "attempts": 3}]
    summary["arms"][2]["withdrawn"] = "it failed on three seeds"
    text = plain_text(render_study(summary).decode())
    assert (
        "60 of 60 planned runs are done, 2 failed, 5 were tried again, 2 pairs were left out of the verdicts." in text
    )
    assert "Removing batch norm 4 3 killed for memory" in text
    assert "mlp (the baseline) 7 3 took too long" in text
    assert "withdrawn: it failed on three seeds" in text
    assert "Removing batch norm 7 the baseline failed" in text
    assert "2 pairs left out; 1 run failed" in text
    assert "no pair was left out" in plain_text(text_of(pages("study")))


def test_arms_added_later_and_their_levels_are_named(pages):
    text = plain_text(text_of(pages("ten arms")))
    assert "added later" in text
    assert "0.005 99.5 %" in text
    assert "Confidence of 99.5 % to 99.8 % means" in text or "Confidence of 99.5 % to 99.9 % means" in text


def test_a_caution_reaches_the_page():
    summary = make_summary(ARMS[:1])
    jumped = make_arm("without dropout", {"dropout": [0.3, 0]}, [0.5] * 8 + [-6.0] * 30, [0.9] * 38, 0.04)
    assert jumped["verdict"]["contradicts"]
    summary["arms"] = [jumped]
    assert "Caution: later seeds moved the mean" in plain_text(render_study(summary).decode())


def test_the_same_change_to_two_values_is_told_apart():
    arms = [(f"dropout={v}", {"dropout": [0.3, v]}, 0.0) for v in (0.1, 0.5)]
    titles = [card["title"] for card in answer(named(make_summary(arms, seeds=3)))["cards"]]
    assert titles == ["Changing dropout (0.3 → 0.1)", "Changing dropout (0.3 → 0.5)"]


def test_arms_with_the_same_change_go_by_their_names():
    arms = [(name, {"dropout": [0.3, 0]}, 0.0) for name in ("dropout=0", "dropout=0.0", "gentler")]
    titles = [card["title"] for card in answer(named(make_summary(arms, seeds=3)))["cards"]]
    assert titles == ["Removing dropout (dropout=0)", "Removing dropout (dropout=0.0)", "gentler"]


def test_identical_arms_are_a_defined_case():
    summary = make_summary(ARMS[:1])
    summary["arms"] = [make_arm("same", {}, [0.0] * 12, [0.9] * 12, 0.04)]
    text = plain_text(render_study(summary).decode())
    assert "no practical difference" in text
    assert "as many of the 6,000 pictures right as before" in text


def test_keys_that_were_added_and_figures_that_are_lacking_do_no_harm():
    summary = make_summary(seeds=2, test=False)
    summary["later"] = {"anything": 1}
    summary["workers"] = summary["seeds"]["planned"] = summary["baseline"]["parameters"] = None
    for arm in summary["arms"]:
        arm["secondary"] = {"loss": None, "new_figure": {**arm["secondary"]["gap"], "unit": ""}}
    text = plain_text(render_study(summary).decode())
    assert "new figure" in text
    assert "None" not in text


def test_the_page_is_written_whole_beside_the_summary(tmp_path):
    path = produce_study_page(tmp_path / "studies" / "one", make_summary(seeds=4), None)
    assert path == tmp_path / "studies" / "one" / "report" / "index.html"
    first = path.read_bytes()
    assert produce_study_page(tmp_path / "studies" / "one", make_summary(seeds=4)).read_bytes() == first
    assert [p.name for p in path.parent.iterdir()] == ["index.html"]
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        produce_study_page(tmp_path / "file", make_summary(seeds=4))
