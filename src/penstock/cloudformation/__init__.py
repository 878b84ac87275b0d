"""CloudFormation and SAM templates: the state machines and functions in them, as they run on this machine."""

from penstock.cloudformation.template import Machine, Template, is_template, looks_like_template, read_template

__all__ = ["Machine", "Template", "is_template", "looks_like_template", "read_template"]
