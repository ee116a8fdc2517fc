"""A pipeline that listens and then does nothing but compute, for a long while."""

_ITEMS = list(range(30))
KEY = "busy"
COMPUTING = f"""
vars: {{items: {_ITEMS}, count: 0}}
pipeline:
  - event.listen: {{key: {KEY}}}
  - foreach: {{in: "#{{vars.items}}", as: a}}
  - foreach: {{in: "#{{vars.items}}", as: b}}
  - foreach: {{in: "#{{vars.items}}", as: c}}
  - foreach: {{in: "#{{vars.items}}", as: d}}
  - var.set: {{key: count, value: "#{{vars.count + vars.a * vars.b}}"}}
  - foreach.end:
  - foreach.end:
  - foreach.end:
  - foreach.end:
"""
