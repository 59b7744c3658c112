"""Does this change really help? Arms and seeds, their execution, and the statistics that give the verdict.

An *arm* is a changed recipe, compared with the baseline; a *difference* is its accuracy minus the baseline's on the
judging set under one seed, in percentage points (above 0: the change is better); an arm's *alpha* is the probability of
being wrong about it, ever, that one accepts (0.04: 96 % confidence).

    design/      what is asked: changes, arms, the plan (`study.json`), studies in files
    stats/       pure functions of numbers, from the differences to the verdict
    execution/   the driver, and where its runs are made: on this machine's cores or on a Ray cluster
    folder       a study on disk
    outcomes     what the runs came to, and which of it counts
    summarise    from there to the summary, whose types are in `summary`
    final        the test set, evaluated once at the end;  compare: what a comparison of models shows besides
    events       what a study tells while it runs
    overview     a line for a list, a plan before it runs

Facts alone: `reports.study` knows how to say them.
"""
