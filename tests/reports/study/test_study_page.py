"""The page of a study: what it says, and that its figures are the summary's."""

import html
import re

import pytest
from msgspec.structs import replace
from outline import Outline, unmarked
from study_samples import (
    ARMS,
    CASES,
    NASTY,
    give_up,
    make_comparison,
    make_histories,
    make_jump,
    make_plan,
    make_results,
    make_summary,
    summarise,
)

from fashionlab.errors import StoreError
from fashionlab.reports.study import produce_study_page, render_study, verdicts
from fashionlab.reports.wording import SPACE, brief, confidence, signed
from fashionlab.text import one_line


def plain_text(markup):
    """What a reader reads: without tags, entities resolved, white space as one space."""
    without = re.sub(r"<(style|script|title)\b.*?</\1>", " ", unmarked(markup), flags=re.S)
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", without)).split())


def card_of(page, place):
    return plain_text(re.search(rf'id="arm-{place}".*?</article>', page.text, re.S).group())


def text_of(summary):
    return plain_text(render_study(summary).decode())


@pytest.fixture(params=CASES)
def case(request, pages):
    return pages(request.param)


def test_it_is_a_document_with_an_outline_and_no_address_outside(case):
    outline = Outline(case.text)
    assert outline.headings[0] == 1
    assert outline.headings.count(1) == 1
    assert all(b - a <= 1 for a, b in zip(outline.headings, outline.headings[1:], strict=False))
    assert all(address.startswith(("#", "data:")) for address in outline.addresses)
    assert len(set(outline.identifiers)) == len(outline.identifiers)
    assert {a[1:] for a in outline.addresses if a.startswith("#")} <= set(outline.identifiers)
    assert outline.silent == []


def test_every_card_says_verdict_effect_interval_certainty_and_second_line(case):
    for place, arm in enumerate(case.report.arms):
        card, verdict = card_of(case, place), arm.verdict
        shown = {"helps": "better", "hurts": "worse"}.get(verdict.word, verdict.word)
        assert (shown if case.report.compared else verdict.word) in card
        assert verdict.second in card
        if verdict.effect is None:
            assert "Nothing is known yet." in card
            continue
        assert f"{abs(verdict.effect):.2f}" in card or abs(verdict.effect) < 0.005
        if verdict.low is None:
            assert "No verdict yet." in card
        else:
            assert f"{abs(verdict.low):.2f}" in card
            assert f"{abs(verdict.high):.2f}" in card
            assert confidence(verdict.alpha).replace(SPACE, " ") in card


def test_the_sentences_of_the_verdicts_are_on_the_page(case):
    text = plain_text(case.text)
    for arm in case.report.arms:
        assert " ".join(one_line(arm.verdict.sentence).split()) in text


def test_did_removing_dropout_hurt_and_how_sure_is_that(pages):
    page = pages("study")
    card, verdict = card_of(page, 0), page.report.arms[0].verdict
    assert "Removing dropout" in card
    assert "dropout 0.3 → 0" in card
    assert "hurts" in card
    low, high = sorted((abs(verdict.low), abs(verdict.high)))
    assert f"99.2 % confidence that the true loss is between {low:.2f} and {high:.2f} points." in card
    assert "At most 8 in 1,000 studies made like this one would be wrong about it." in card
    assert "The loss exceeds the margin of 0.2 points: it matters in practice." in card
    assert f"{round(-verdict.effect * 60):,} fewer of 6,000 images correct" in card


def test_the_tables_hold_the_summarys_numbers(pages):
    page = pages("study")
    report, text = page.report, plain_text(page.text)
    for each in report.everyone:
        accuracy = each.accuracy
        row = f"{each.title} {accuracy.mean:.2f} {accuracy.low:.2f} to {accuracy.high:.2f} {accuracy.deviation:.2f} 10"
        assert row in text
    for arm in report.arms:
        for pair in arm.pairs:
            moved = f"{signed(pair.difference)} {signed(pair.mean)}"
            assert f"{pair.seed} {100 * pair.baseline:.2f} {100 * pair.arm:.2f} {moved}" in text
        for name in arm.secondary.__struct_fields__:
            assert brief(getattr(arm.secondary, name).mean) in text
    tested = {arm.name: arm for arm in report.test.arms}
    for arm in report.arms:
        difference, counts = tested[arm.name].difference, tested[arm.name].mcnemar
        span = f"{signed(difference.low)} to {signed(difference.high)}"
        assert f"{signed(difference.mean)} {span} {verdicts.effect(arm.verdict)} 10" in text
        assert f"{counts.only_a:,} {counts.only_b:,}" in text


def test_a_comparison_shows_what_each_model_costs(pages):
    page = pages("comparison")
    text, compare = plain_text(page.text), page.report.compare
    assert f"cnn {compare.models[3].accuracy.mean:.2f}" in text
    assert "112.4 MB" in text
    assert "1,224,000" in text
    assert "11 ms" in text
    assert "640 ms" in text
    answers = compare.answers
    assert f"{answers.all_wrong_total} images." in text
    assert f"{100 * answers.agreement[1][2]:.1f} %" in text
    assert page.text.count('class="pic"') == answers.all_wrong_total == 23
    first, names = answers.all_wrong[0], page.report.data.class_names
    assert f"{names[first.label]} mlp: {names[first.predicted['mlp']]}" in text
    assert "helps" not in card_of(page, 2)
    assert 'id="models"' not in pages("study").text


def test_more_images_that_all_get_wrong_than_are_shown_are_counted():
    summary, _ = make_comparison(wrong=187)
    assert "187 images; 60 of them are shown." in text_of(summary)


def test_without_images_the_answers_are_shown_alone():
    summary, _ = make_comparison()
    markup = render_study(summary).decode()
    assert 'class="pic"' not in markup
    assert "The images themselves are not at hand." in markup
    assert 'class="allwrong"' in markup
    assert "There is none" in text_of(make_comparison(wrong=0)[0])


@pytest.mark.parametrize("name", ["hostile", "hostile study"])
def test_users_text_is_escaped_everywhere(pages, name):
    markup = pages(name).text
    for bad in NASTY[:2]:
        assert bad not in markup
    assert "<b>field" not in markup
    assert "{{ 7 * 7 }}\\x00\\x1b[31m \\u202e &amp; co" in markup
    assert all(one_line(line) == line for line in markup.split("\n"))
    assert markup.count("<script") == 1
    assert "<script>alert(1)</script>" in plain_text(markup)


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("running", "Still running: 18 of 60 runs are done"),
        ("decided", "Finished early, after 3 seeds: every change is decided."),
        ("seeds", "Finished: all 3 planned seeds. 5 of 5 changes are undecided."),
        ("minutes", "Finished after 3 seeds, when its time was up."),
        ("stopped", "It was stopped after 3 seeds. What stands here holds"),
    ],
)
def test_it_says_where_the_study_stands(state, said):
    assert said in text_of(make_summary(seeds=3, state=state))


def test_failures_and_pairs_left_out_are_counted_and_explained(pages):
    def fail(results):
        give_up(results, "without batch norm", 4, "killed for memory")
        give_up(results, "mlp", 7, "took too long")
        for seed in range(3):
            give_up(results, "flip=0.5", seed, "it diverged")

    summary = make_summary(change_results=fail)
    text = text_of(summary)
    assert "55 of 60 planned runs are done, 5 failed, 10 were tried again, 9 pairs were left out of the" in text
    assert "Removing batch norm 4 3 killed for memory" in text
    assert "mlp (the baseline) 7 3 took too long" in text
    assert "withdrawn: it diverged" in text
    assert "Removing batch norm 4 without batch norm: killed for memory" in text
    assert "Removing batch norm 7 mlp: took too long" in text
    assert "2 pairs left out; 1 run failed" in text
    assert "no pair was left out" in plain_text(pages("study").text)


def test_arms_added_later_and_their_alphas_are_named(pages):
    text = plain_text(pages("ten arms").text)
    assert "added later" in text
    assert "0.005 99.5 %" in text
    assert "Confidence of 99.5 % to 99.8 % means" in text


def test_a_caution_reaches_the_page():
    summary = make_jump()
    assert summary.arms[0].verdict.contradicts
    assert "Caution: later seeds moved the mean" in text_of(summary)


def test_identical_arms_are_a_defined_case():
    plan = make_plan([("same", {}, 0)], 12)
    results = make_results(plan, {"same": 0}, 12)
    for seed in range(12):
        results.outcomes["same", seed] = results.outcomes["mlp", seed]
    text = text_of(summarise(plan, results))
    assert "no practical difference" in text
    assert "as many of the 6,000 images correct as before" in text


def test_figures_that_are_lacking_do_no_harm():
    plan = make_plan(ARMS[:1], 3)
    results = make_results(plan, {"without dropout": 0}, 3)
    # Estimators: no epochs, and the word parameters means nothing.
    results.outcomes = {
        key: replace(found, gap=None, best_epoch=None, epochs=None, parameters=None)
        for key, found in results.outcomes.items()
    }
    text = text_of(summarise(plan, results))
    assert "training time" in text
    assert "generalization gap" not in text
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


def test_the_curves_of_all_arms_are_in_one_picture(pages):
    page = pages("comparison")
    assert page.text.count('id="curves-epoch-band-val_loss-') == 3
    text = plain_text(page.text)
    assert "mlp (the baseline) (5 runs)" in text
    assert "epoch 11: mlp (the baseline) 0.100 ± 0.000 (4 of 5 runs)" in page.text
    assert "No curve, because their models have no epochs: logistic, forest." in text
    assert "../runs/*/history.csv" in text
    assert "How they learned" not in plain_text(pages("study").text), "nothing is known of these runs"


def test_epochs_and_rounds_have_a_picture_each():
    summary, _ = make_comparison(seeds=2)
    histories = make_histories(("mlp",), 2) | {
        "forest": [("round", columns) for _, columns in make_histories(("forest",), 2)["forest"]]
    }
    page = render_study(summary, histories=histories).decode()
    assert 'id="curves-epoch-' in page
    assert 'id="curves-round-' in page
