"""Does this change really help? Arms and seeds, their execution, and the statistics that give the verdict.

The statistics are pure functions of numbers. An *arm* is a changed recipe beside the baseline; a *difference* is its
accuracy minus the baseline's on the judge half under one seed, in percentage points (above 0: the change is better);
a *level* is the probability of being wrong about an arm, ever, that one accepts (0.04: 96 % confidence).

    levels      Levels(declared).of(arm): the level of every arm, of those added later too; together at most 0.05
    verdict     judge(differences, level=…, margin=0.2, resolution=…) -> Verdict: the word, the interval, the sentences
    sequential  trajectory(differences, …) -> the interval after every seed; the test behind `judge`
    wording     the verdict in sentences
    forecast    seeds_needed: how many more seeds until a decision, if they go on as so far
    describe    describe(values): mean, deviation and a plain interval, for the secondary effects
    mcnemar     mcnemar(correct_a, correct_b): two models on the same pictures, mid-p
"""
