"""The language of rules: which events a rule means, and what it makes of them.

Everything here is pure: text and mappings in, answers out, no clock and no I/O. ``pattern``
compiles and matches one pattern, ``index`` many at once, ``transform`` makes what a target gets,
``retry`` says how long to wait between tries, and ``tool`` answers "why does my rule not match?".
"""
