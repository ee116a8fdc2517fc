"""For all tests."""

import signal

if (
    signal.getsignal(signal.SIGINT) is signal.SIG_IGN
):  # a shell's background jobs ignore Ctrl-C, and so would what tests start
    signal.signal(signal.SIGINT, signal.default_int_handler)
