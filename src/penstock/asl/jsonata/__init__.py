"""JSONata as Step Functions has it. See README.md in this folder for how the parts fit."""

from penstock.asl.jsonata.payload import compile_jsonata, expression_text, expressions, is_expression
from penstock.asl.jsonata.references import ExpressionProblem, check_expression

__all__ = [
    "ExpressionProblem",
    "check_expression",
    "compile_jsonata",
    "expression_text",
    "expressions",
    "is_expression",
]
