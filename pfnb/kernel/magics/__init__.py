"""The magics, their verbs and parameters, and their completion."""
