

def _confirm(
    folder: SearchFolder,
    dataset: Dataset,
    best: Trial,
    execution: ExecutionOptions,
    make_executor: MakeExecutor | None,
) -> None:
    """Make the study of the best trial's recipe against the default one, or go on with it.

    A study of an earlier best stays where it is and counts no more.
    """
    plan, earlier = folder.plan, folder.confirmations
    if earlier and confirms(earlier[-1], plan, best):
        study = earlier[-1]
        if study.plan.seeds < plan.seeds:
            study.save_plan(study_with(study.plan, seeds=plan.seeds))
    else:
        declared = declare_confirmation(plan, best, _context(plan, dataset), earlier)
        study = StudyFolder.create(folder.path / CONFIRMATION, "best-against-default", declared)
    if execution.on_event is None:
        tell(f"confirming trial {best.number} ({describe_values(best)}) on seeds that no trial has used:")
    run_study(study, dataset, execution, make_executor)


def _keep_confirmation(folder: SearchFolder, best: Trial, default: Trial | None) -> None:
    summary, study = folder.summary, folder.confirmations[-1].summary
    assert summary is not None
    assert study is not None
    folder.write("summary.json", to_json(with_confirmation(summary, confirmed_by(study, best, default))))


def _make_page(folder: SearchFolder) -> None:
    """The search's page; a failure is said and costs nothing."""
    try:
        if summary := folder.summary:
            produce_search_page(folder.path, summary)
    except FashionlabError as error:
        tell(f"no page was made: {error}")


def _context(plan: SearchPlan, dataset: Dataset) -> StudyContext:
    return StudyContext(dataset, plan.base.trainer, plan.base.backend, plan.seed)


def _minutes(folder: SearchFolder, execution: ExecutionOptions) -> tuple[float | None, float | None]:
    """Minutes that this session has for its trials, and in all; None for no limit.

    Given now, they are this session's. Else they are what is left of those that the search was begun with.
    """
    if execution.minutes is not None:
        return FOR_TRIALS * execution.minutes, execution.minutes
    if folder.plan.minutes is None:
        return None, None
    summary, studies = folder.summary, folder.confirmations
    trials = summary.seconds / 60 if summary else 0.0
    confirmation = studies[-1].summary if studies else None
    spent = trials + (confirmation.seconds / 60 if confirmation else 0.0)
    return max(0.0, FOR_TRIALS * folder.plan.minutes - trials), max(0.0, folder.plan.minutes - spent)


def _merged(file: Mapping[str, Any], vary: Vary) -> Vary:
    """The file's fields and those given besides, which count where both name one."""
    if not file:
        return vary
    given = dict(vary) if isinstance(vary, Mapping) else dict(split_field(text) for text in vary)
    return {**file, **given}


def _require_optuna() -> None:
    if find_spec("optuna") is None:
        raise UsageError("a search needs Optuna, which is not installed: pip install 'fashionlab[search]'")
