"""Choice: arms, a way otherwise, and what comes after all of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Self, Unpack

from penstock.asl import model
from penstock.sfn.build import Scope
from penstock.sfn.conditions import Condition
from penstock.sfn.origin import Origin, here
from penstock.sfn.states.base import FIELDS, Chainable, Nextable, State, StateOptions, linked, options_of
from penstock.sfn.values import shown

if TYPE_CHECKING:
    from penstock.sfn.chain import Chain


class ChoiceOptions(StateOptions, total=False):
    input_path: str | None
    output_path: str | None
    outputs: Any
    assign: Mapping[str, Any] | None


class Arm:
    """One `when`."""

    __slots__ = ("condition", "origin", "rest", "target")

    def __init__(self, condition: Condition, target: State, rest: dict[str, Any], origin: Origin | None) -> None:
        self.condition, self.target, self.rest, self.origin = condition, target, rest, origin


class Choice(State):
    """Goes on along the first arm whose condition holds, or `otherwise`."""

    OPTIONS = options_of(ChoiceOptions, StateOptions)

    def __init__(self, id: str, **options: Unpack[ChoiceOptions]) -> None:  # noqa: A002
        super().__init__(id, options)
        self.arms: list[Arm] = []
        self.default: State | None = None
        self.default_at: Origin | None = None
        self.joined_at: Origin | None = None
        self.joins_otherwise = False
        """Where `afterwards` was called: arms that come later do not rejoin."""

    def when(
        self,
        condition: Condition,
        next: Chainable,  # noqa: A002
        *,
        comment: str | None = None,
        outputs: Any = None,
        assign: Mapping[str, Any] | None = None,
    ) -> Self:
        """Goes on with `next` where the condition holds and none before it did."""
        where = here()
        target = linked(self, next, "Choice.when", where)
        if not isinstance(condition, Condition):
            self.tell(
                "PS720",
                f"Choice.when takes a Condition, not {shown(condition)}",
                where,
                help="Condition.string_equals('$.kind', 'a'), or Condition.jsonata('{% $states.input.kind = \"a\" %}')",
            )
        elif target is not None:
            rest = {"comment": comment, "outputs": outputs, "assign": assign}
            self._late(target, where)
            self.arms.append(Arm(condition, target, {k: v for k, v in rest.items() if v is not None}, where))
        return self

    def otherwise(self, default: Chainable, /) -> Self:
        """Goes on with `default` where no condition holds."""
        where = here()
        target = linked(self, default, "Choice.otherwise", where)
        if target is None or target is self.default:
            return self
        if self.default is not None:
            self.tell(
                "PS714",
                f"{self.name!r} already goes on to {self.default.name!r} otherwise, so it cannot go on to {target.name!r} too",
                where,
                help="leave one of them out, or give it a condition with `when`",
                notes=[(self.default_at, f"here it goes on to {self.default.name!r}")],
            )
            return self
        if not self.joins_otherwise:
            self._late(target, where)
        self.default, self.default_at = target, where
        return self

    def _late(self, target: State, where: Origin | None) -> None:
        if self.joined_at is None:
            return
        from penstock.sfn.chain import open_ends

        if open_ends(target):
            self.tell(
                "PS744",
                f"this arm of {self.name!r} is added after `afterwards()`, so it ends the execution instead of rejoining",
                where,
                help="call afterwards() when all arms are there, or give the arm a next of its own",
                notes=[(self.joined_at, "here the arms rejoin")],
            )

    def afterwards(self, *, include_error_handlers: bool = False, include_otherwise: bool = False) -> Chain:
        """The chain whose open ends are those of all arms: what follows it follows each of them.

        `include_otherwise`: the way otherwise leads there too, where it was not given.
        """
        from penstock.sfn.chain import Chain, open_ends

        self.joined_at = here()
        self.joins_otherwise = include_otherwise
        ends: list[Nextable] = list(open_ends(self, include_error_handlers=include_error_handlers))
        if include_otherwise:
            if self.default is not None:
                self.tell(
                    "PS714",
                    f"include_otherwise is set, but {self.name!r} goes on to {self.default.name!r} otherwise",
                    self.joined_at,
                    help="leave include_otherwise out",
                    notes=[(self.default_at, "here")],
                )
            else:
                ends.append(Otherwise(self))
        return Chain(self, ends, self)

    def __rshift__(self, other: Chainable) -> Chain:
        from penstock.sfn.chain import Chain

        return Chain.joined(self, other)

    def ways(self) -> Iterator[State]:
        for arm in self.arms:
            yield arm.target
        if self.default is not None:
            yield self.default

    def bent(self, follow: Callable[[State], State]) -> None:
        self.arms = [Arm(a.condition, follow(a.target), a.rest, a.origin) for a in self.arms]
        if self.default is not None:
            self.default = follow(self.default)

    def cut(self) -> None:
        super().cut()
        self.arms = []
        self.default = self.default_at = self.joined_at = None

    def build(self, scope: Scope) -> model.Choice:
        fields = self.common(scope)
        language = self.language(scope)
        if self.arms:
            fields["choices"] = tuple(self._rule(arm, language) for arm in self.arms)
        elif not any(each.code in ("PS716", "PS720") for each in self.problems):
            self.tell("PS715", f"the Choice {self.name!r} has nothing to choose from", help="add an arm with `when`")
        if self.default is not None:
            fields["default"] = self.default.name
        return model.Choice(**fields)

    def _rule(self, arm: Arm, language: str) -> model.ChoiceRule:
        condition = arm.condition
        fields: dict[str, Any] = {"next": arm.target.name}
        if condition.language != language:
            instead = (
                "Condition.jsonata('{% … %}')"
                if condition._test is not None
                else "Condition.string_equals and its like, or Choice.jsonata(…)"
            )
            self.tell(
                "PS725",
                f"the condition is {condition.language}, and the Choice {self.name!r} is {language}",
                arm.origin,
                help=f"use {instead}",
            )
        elif condition._test is not None:
            fields["test"] = condition._test
        else:
            fields["condition"] = condition._jsonata
        for name, value in arm.rest.items():
            field = FIELDS[name]
            if field.only is not None and field.only != language:
                self.tell("PS725", f"`{name}` of `when` is {field.only}'s", arm.origin, help=field.instead)
                continue
            fields[field.to] = self.value(field.read, value, name, language)
        return model.ChoiceRule(**fields)


class Otherwise:
    """The way otherwise of a Choice as an open end."""

    def __init__(self, choice: Choice) -> None:
        self.choice = choice

    def next(self, next: Chainable, /) -> Chain:  # noqa: A002
        from penstock.sfn.chain import Chain, ends_of

        self.choice.otherwise(next)
        return Chain(self.choice, ends_of(next), next)
