"""`pfnb doctor`: what is missing on the way from outside to a hub's webhooks, each with what to do"""
