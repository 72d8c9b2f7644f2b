"""The playground: a page on loopback that shows the stand-ins' world as it changes.

What there is to see stands on a board, of which every open page gets the changes; what people do on
the page comes back as actions. The bot is the real one, in a process of its own.
"""
