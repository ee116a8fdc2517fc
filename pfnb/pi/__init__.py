"""`pi`: the command line of a hub, for people at a terminal, for scripts, and for cells (`%pi`)."""
