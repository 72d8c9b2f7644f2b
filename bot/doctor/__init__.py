"""What ``python -m bot doctor`` looks at: the machine, the ways out of it, and what adapters want.

It only reads, and a bot that runs meanwhile does not notice it.
"""
