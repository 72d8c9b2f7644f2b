"""What is served to those who operate the bot: is it alive, is it ready, and numbers"""
