"""Which share of the permitted error each arm of a study may spend, for arms declared at the start and added later."""

from dataclasses import dataclass

ALPHA = 0.05
"""The probability that any verdict *helps* or *hurts* of a study is wrong, at most: 95 % confidence in all together."""

RESERVE = 0.2
"""The share of ALPHA kept for arms added later. The width of an interval grows slowly as its alpha falls: keeping a
fifth costs the declared arms about 3 % of it from ten seeds on. One arm gets 0.04 then, four get 0.01 each."""


@dataclass(frozen=True)
class AlphaSpending:
    """The alpha of every arm, a function of the number of declared arms and the arm's place alone.

    The declared arms share 1 - `reserve` of `alpha` equally. The arm added j-th after them (j = 1, 2, …) gets
    1/(j(j+1)) of the reserve: a half, a sixth, a twelfth, … . As 1/(j(j+1)) = 1/j - 1/(j+1), the first k of these sum
    to 1 - 1/(k+1): the reserve is never used up, and all arms together stay below `alpha` however many follow.
    By Bonferroni's inequality the study is then wrong about any arm with probability `alpha` at most, whatever the arms
    have in common (they share a baseline). Equal shares, as nobody says beforehand which change matters more;
    1/(j(j+1)) rather than halving, which would leave the tenth late arm a ninth of what this leaves it.

    A study keeps `declared` (also when an arm is withdrawn: what it spent is spent), so that an arm's alpha never
    changes and verdicts that were given stand.

    declared: arms in the first plan, the baseline not counted, at least 1; alpha: of the whole study, 0 to 1 exclusive;
    reserve: fraction of alpha, 0 to 1 exclusive.
    """

    declared: int
    alpha: float = ALPHA
    reserve: float = RESERVE

    def __post_init__(self) -> None:
        if self.declared < 1:
            raise ValueError(f"given {self.declared} declared arms, expected at least 1 besides the baseline")
        for name, value in (("alpha", self.alpha), ("reserve", self.reserve)):
            if not 0 < value < 1:
                raise ValueError(f"given {name} {value}, expected a fraction between 0 and 1")

    def of(self, arm: int) -> float:
        """The alpha of an arm, counted from 0 in the order of declaration, the baseline not counted.

        Raises ValueError below 0.
        """
        if arm < 0:
            raise ValueError(f"given arm {arm}, expected 0 for the first arm after the baseline, or more")
        if arm < self.declared:
            return self.alpha * (1 - self.reserve) / self.declared
        late = arm - self.declared + 1
        return self.alpha * self.reserve / (late * (late + 1))
