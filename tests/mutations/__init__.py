"""One thing changes between the vote and the start: what was approved starts only where it does not
matter.

``worlds`` holds requests that were approved with exactly the votes they need, each caught in the
transaction that lets its first call leave; ``kinds`` what may change then, in the plan, the votes,
the people, the policies, the limits and the time. ``python -m tests.mutations`` tries many.
"""
