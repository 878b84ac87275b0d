"""A layered layout: states from top to bottom in the order they can run, few crossings, straight long lines.

The classic four steps (Sugiyama, Tagawa, Toda 1981): break loops, give ranks, order each rank, give x. Everything is
decided by the order of the definition, so the same machine always gives the same picture. Sizes are pixels.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from penstock.asl.render.arithmetic import inversions, spread

Point = tuple[float, float]

GAP_X = 26.0
GAP_LANE = 14.0
GAP_RANK = 30.0
GAP_LABEL = 11.0
MAX_BENDS = 20_000
"""Past this many bends a picture is unreadable anyway; long lines are then drawn straight."""


@dataclass(slots=True)
class Box:
    """Something to place. `x` and `y` are its centre once `arrange` has run."""

    id: str
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0


@dataclass(slots=True)
class Line:
    """A connection. `bundle`: lines of one target and one bundle share their way; `main`: the ordinary way on, drawn
    straight if it can be. After `arrange`, `path` is the way from source to target; `joins` says that it ends on another
    line of its bundle."""

    source: str
    target: str
    label_width: float = 0.0
    label_height: float = 0.0
    bundle: str = ""
    main: bool = False
    path: list[Stop] = field(default_factory=list)
    label_at: Point | None = None
    joins: bool = False
    is_back: bool = False


@dataclass(frozen=True, slots=True)
class Stop:
    """A point a line runs through. `sideways`: it leaves or arrives horizontally."""

    x: float
    y: float
    sideways: bool = False


@dataclass(slots=True)
class _Vertex:
    """A box, or a bend of a line in a rank that it crosses."""

    rank: int
    width: float = 0.0
    height: float = 0.0
    box: Box | None = None
    x: float = 0.0
    place: int = 0
    above: list[int] = field(default_factory=list)
    below: list[int] = field(default_factory=list)
    beside: int | None = None  # a back line's end bend stands right beside this vertex


def arrange(boxes: Sequence[Box], lines: Sequence[Line], start: str | None) -> tuple[float, float]:
    """Places every box and routes every line; returns the width and height of the whole."""
    if not boxes:
        return 0.0, 0.0
    return _Layout(boxes, lines, start).run()


class _Layout:
    def __init__(self, boxes: Sequence[Box], lines: Sequence[Line], start: str | None) -> None:
        self.boxes = list(boxes)
        self.index = {box.id: i for i, box in enumerate(self.boxes)}
        self.lines = [line for line in lines if line.source in self.index and line.target in self.index]
        self.start = self.index.get(start or "", 0)
        self.vertices = [_Vertex(0, box.width, box.height, box) for box in self.boxes]
        self.chains: list[list[int]] = []  # per line: the vertices it runs through, source to target
        self.label_vertex: dict[int, int] = {}

    def run(self) -> tuple[float, float]:
        self._find_back_lines()
        self._rank()
        self._bend()
        layers = self._order()
        self._place_x(layers)
        bottoms = self._place_y(layers)
        self._route()
        return self._normalise(bottoms)

    # -- 1: loops -------------------------------------------------------------------------------------------------

    def _find_back_lines(self) -> None:
        outgoing: dict[int, list[int]] = defaultdict(list)
        for number, line in enumerate(self.lines):
            outgoing[self.index[line.source]].append(number)
        fresh, open_, done = 0, 1, 2
        colour = [fresh] * len(self.boxes)
        self.visit_order: list[int] = []
        for root in [self.start, *range(len(self.boxes))]:
            if colour[root] != fresh:
                continue
            colour[root] = open_
            self.visit_order.append(root)
            stack = [(root, iter(outgoing[root]))]
            while stack:
                vertex, rest = stack[-1]
                for number in rest:
                    target = self.index[self.lines[number].target]
                    if colour[target] == open_:
                        self.lines[number].is_back = True
                    elif colour[target] == fresh:
                        colour[target] = open_
                        self.visit_order.append(target)
                        stack.append((target, iter(outgoing[target])))
                        break
                else:
                    colour[vertex] = done
                    stack.pop()

    # -- 2: ranks -------------------------------------------------------------------------------------------------

    def _rank(self) -> None:
        """Longest path from the top; a line with a label takes two ranks, so the label has one for itself."""
        forward: dict[int, list[tuple[int, int]]] = defaultdict(list)
        waiting = [0] * len(self.boxes)
        for line in self.lines:
            upper, lower = self.index[line.source], self.index[line.target]
            if upper == lower:
                continue
            if line.is_back:
                upper, lower = lower, upper
            forward[upper].append((lower, 2 if line.label_width else 1))
            waiting[lower] += 1
        rank = [0] * len(self.boxes)
        ready = [v for v in range(len(self.boxes)) if not waiting[v]]
        for vertex in ready:
            for lower, length in forward[vertex]:
                rank[lower] = max(rank[lower], rank[vertex] + length)
                waiting[lower] -= 1
                if not waiting[lower]:
                    ready.append(lower)
        # What nothing leads to (unreachable states) moves down to just above what it leads to.
        entered = {lower for each in forward.values() for lower, _ in each}
        for vertex in reversed(ready):
            if vertex not in entered and vertex != self.start and forward[vertex]:
                rank[vertex] = min(rank[lower] - length for lower, length in forward[vertex])
        for vertex, value in enumerate(rank):
            self.vertices[vertex].rank = value

    # -- 3: bends and order ---------------------------------------------------------------------------------------

    def _bend(self) -> None:
        total = sum(
            abs(self.vertices[self.index[line.source]].rank - self.vertices[self.index[line.target]].rank)
            for line in self.lines
        )
        straight = total > MAX_BENDS
        trunks: dict[tuple[str, str], dict[int, int]] = {}
        sizes: dict[tuple[str, str], int] = defaultdict(int)
        for line in self.lines:
            if line.bundle and not line.is_back:
                sizes[line.target, line.bundle] += 1
        # The longest member of a bundle makes the trunk, the others join it.
        numbers = sorted(
            range(len(self.lines)), key=lambda n: (self.vertices[self.index[self.lines[n].source]].rank, n)
        )
        chains: dict[int, list[int]] = {}
        for number in numbers:
            line = self.lines[number]
            source, target = self.index[line.source], self.index[line.target]
            if source == target:
                chains[number] = [source, target]
            elif line.is_back:
                chains[number] = self._back_chain(number, source, target, straight)
            elif line.bundle and sizes[line.target, line.bundle] > 1:
                trunk = trunks.setdefault((line.target, line.bundle), {})
                chains[number] = self._trunk_chain(number, source, target, trunk)
            elif straight and not line.label_width:
                self._link(source, target)
                chains[number] = [source, target]
            else:
                chains[number] = self._chain(number, source, target)
        self.chains = [chains[number] for number in range(len(self.lines))]

    def _new(self, rank: int, width: float = 0.0, height: float = 0.0) -> int:
        self.vertices.append(_Vertex(rank, width, height))
        return len(self.vertices) - 1

    def _link(self, upper: int, lower: int) -> None:
        self.vertices[upper].below.append(lower)
        self.vertices[lower].above.append(upper)

    def _label(self, number: int, vertex: int) -> None:
        line = self.lines[number]
        if line.label_width:
            self.vertices[vertex].width, self.vertices[vertex].height = line.label_width, line.label_height
            self.label_vertex[number] = vertex

    def _chain(self, number: int, source: int, target: int) -> list[int]:
        top, bottom = self.vertices[source].rank, self.vertices[target].rank
        bends = [self._new(rank) for rank in range(top + 1, bottom)]
        if bends:
            self._label(number, bends[0])
        chain = [source, *bends, target]
        for upper, lower in pairwise(chain):
            self._link(upper, lower)
        return chain

    def _trunk_chain(self, number: int, source: int, target: int, trunk: dict[int, int]) -> list[int]:
        top, bottom = self.vertices[source].rank, self.vertices[target].rank
        chain = [source]
        for rank in range(top + 1, bottom):
            if rank in trunk:
                self._link(chain[-1], trunk[rank])
                self.lines[number].joins = True
                return [*chain, trunk[rank]]
            trunk[rank] = self._new(rank)
            self._link(chain[-1], trunk[rank])
            chain.append(trunk[rank])
        if bottom - 1 in trunk and chain[-1] == trunk[bottom - 1]:
            self._label(number, trunk[bottom - 1])
        self._link(chain[-1], target)
        return [*chain, target]

    def _back_chain(self, number: int, source: int, target: int, straight: bool) -> list[int]:
        """Up the side: a bend beside the source, one in each rank between, one beside the target."""
        top, bottom = self.vertices[target].rank, self.vertices[source].rank
        ranks: Iterable[int] = (top, bottom) if straight else range(top, bottom + 1)
        bends = [self._new(rank, GAP_LANE) for rank in ranks]
        self.vertices[bends[0]].beside = target
        self.vertices[bends[-1]].beside = source
        if len(bends) > 2:
            self._label(number, bends[len(bends) // 2])
        for upper, lower in pairwise(bends):
            self._link(upper, lower)
        return [source, *reversed(bends), target]

    def _order(self) -> list[list[int]]:
        count = max(v.rank for v in self.vertices) + 1
        layers: list[list[int]] = [[] for _ in range(count)]
        for vertex in self._by_first_visit():
            layers[self.vertices[vertex].rank].append(vertex)
        self._number(layers)
        best, fewest = [list(layer) for layer in layers], self._crossings(layers)
        for sweep in range(12):
            if not fewest:
                break
            down = sweep % 2 == 0
            for layer in layers if down else reversed(layers):
                self._sort(layer, down)
            crossings = self._crossings(layers)
            if crossings < fewest:
                best, fewest = [list(layer) for layer in layers], crossings
        for layer in best:
            layer[:] = self._keep_beside(layer)
        self._number(best)
        return best

    def _by_first_visit(self) -> list[int]:
        """Depth first along the links: what belongs together starts out together."""
        seen = [False] * len(self.vertices)
        order: list[int] = []
        roots = [*self.visit_order, *range(len(self.boxes), len(self.vertices))]
        for root in roots:
            stack = [root]
            while stack:
                vertex = stack.pop()
                if seen[vertex]:
                    continue
                seen[vertex] = True
                order.append(vertex)
                stack.extend(reversed(self.vertices[vertex].below))
        return order

    def _number(self, layers: list[list[int]]) -> None:
        for layer in layers:
            for place, vertex in enumerate(layer):
                self.vertices[vertex].place = place

    def _sort(self, layer: list[int], down: bool) -> None:
        def key(vertex: int) -> float:
            each = self.vertices[vertex]
            if each.beside is not None:
                return self.vertices[each.beside].place + 0.4
            near = each.above if down else each.below
            if not near:
                return float(each.place)
            return sum(self.vertices[n].place for n in near) / len(near)

        keys = {vertex: key(vertex) for vertex in layer}
        layer.sort(key=lambda v: (keys[v], self.vertices[v].place))
        layer[:] = self._keep_beside(layer)
        for place, vertex in enumerate(layer):
            self.vertices[vertex].place = place

    def _keep_beside(self, layer: list[int]) -> list[int]:
        """A loop's end bends right of their box: nothing stands between, so the loop crosses no box."""
        sides: dict[int, list[int]] = defaultdict(list)
        for vertex in layer:
            beside = self.vertices[vertex].beside
            if beside is not None:
                sides[beside].append(vertex)
        if not sides:
            return layer
        result: list[int] = []
        for vertex in layer:
            if self.vertices[vertex].beside is None:
                result.append(vertex)
                # The longest loop outermost, so loops of one box nest.
                result += sorted(sides[vertex], key=self._reach)
        return result

    def _reach(self, vertex: int) -> int:
        length = 0
        each, near = vertex, "below" if self.vertices[vertex].below else "above"
        while links := getattr(self.vertices[each], near):
            each, length = links[0], length + 1
        return length

    def _crossings(self, layers: list[list[int]]) -> int:
        total = 0
        for layer in layers[:-1]:
            ends = [p for v in layer for p in sorted(self.vertices[w].place for w in self.vertices[v].below)]
            total += inversions(ends)
        return total

    # -- 4: coordinates -------------------------------------------------------------------------------------------

    def _place_x(self, layers: list[list[int]]) -> None:
        for layer in layers:
            x = 0.0
            for vertex, gap in zip(layer, [0.0, *self._gaps(layer)], strict=True):
                x += gap
                self.vertices[vertex].x = x
        gaps = [self._gaps(layer) for layer in layers]
        for sweep in range(24):
            down = sweep % 2 == 0
            both = sweep >= 16
            numbers = range(len(layers)) if down else range(len(layers) - 1, -1, -1)
            for number in numbers:
                self._pull(layers[number], gaps[number], down, both)

        for _ in range(2):
            for chain in self._straight_chains():
                self._straighten(chain, layers, gaps)

    def _straight_chains(self) -> list[list[int]]:
        """Runs of vertices that want one x: bends of a line, and states whose ordinary way leads only to each other."""
        following: dict[int, list[int]] = defaultdict(list)
        leading: dict[int, list[int]] = defaultdict(list)
        for line, chain in zip(self.lines, self.chains, strict=True):
            ways = chain[1:-1] if line.is_back else chain
            ways = ways[::-1] if line.is_back else ways
            for upper, lower in pairwise(ways):
                bends = self.vertices[upper].box is None and self.vertices[lower].box is None
                if (line.main or bends) and not line.joins:
                    following[upper].append(lower)
                    leading[lower].append(upper)
        for vertex, each in enumerate(self.vertices):
            # A lone way on is straight too, whatever its kind: a choice's label above the state it leads to.
            if not following[vertex] and len(each.below) == 1 and len(self.vertices[each.below[0]].above) == 1:
                following[vertex].append(each.below[0])
                leading[each.below[0]].append(vertex)
        chains = []
        for vertex in range(len(self.vertices)):
            if len(leading[vertex]) == 1 and len(following[leading[vertex][0]]) == 1:
                continue  # not the first of its chain
            chain = [vertex]
            while len(following[chain[-1]]) == 1 and len(leading[following[chain[-1]][0]]) == 1:
                chain.append(following[chain[-1]][0])
            if len(chain) > 1:
                chains.append(chain)
        return sorted(chains, key=len, reverse=True)

    def _straighten(self, chain: list[int], layers: list[list[int]], gaps: list[list[float]]) -> None:
        low, high = float("-inf"), float("inf")
        for vertex in chain:
            each = self.vertices[vertex]
            layer, gap = layers[each.rank], gaps[each.rank]
            if each.place:
                low = max(low, self.vertices[layer[each.place - 1]].x + gap[each.place - 1])
            if each.place + 1 < len(layer):
                high = min(high, self.vertices[layer[each.place + 1]].x - gap[each.place])
        if low > high:
            if len(chain) > 2:
                self._straighten(chain[: len(chain) // 2], layers, gaps)
                self._straighten(chain[len(chain) // 2 :], layers, gaps)
            return
        mean = sum(self.vertices[v].x for v in chain) / len(chain)
        for vertex in chain:
            self.vertices[vertex].x = min(max(mean, low), high)

    def _gaps(self, layer: list[int]) -> list[float]:
        gaps = []
        for left, right in pairwise(layer):
            a, b = self.vertices[left], self.vertices[right]
            lanes = (a.box is None) + (b.box is None)
            gap = GAP_X if lanes == 0 else GAP_LANE if lanes == 1 else GAP_LANE - 2
            gaps.append((a.width + b.width) / 2 + gap)
        return gaps

    def _pull(self, layer: list[int], gaps: list[float], down: bool, both: bool) -> None:
        wanted: list[float] = []
        weights: list[float] = []
        for vertex in layer:
            each = self.vertices[vertex]
            near = each.above + each.below if both else (each.above if down else each.below)
            total = weight = 0.0
            for other in near:
                # Bends pull harder than boxes: long lines come out straight.
                w = 6.0 if each.box is None and self.vertices[other].box is None else 1.0
                if each.box is not None and self.vertices[other].box is not None:
                    w = 2.0
                total += w * self.vertices[other].x
                weight += w
            if each.beside is not None:
                beside = self.vertices[each.beside]
                total += 0.5 * (beside.x + beside.width / 2 + GAP_LANE)
                weight += 0.5
            wanted.append(total / weight if weight else each.x)
            weights.append(weight or 0.05)
        for vertex, x in zip(layer, spread(wanted, weights, gaps), strict=True):
            self.vertices[vertex].x = x

    def _place_y(self, layers: list[list[int]]) -> float:
        y = 0.0
        self.tops: list[float] = []
        self.bottoms: list[float] = []
        previous_boxes = True
        for number, layer in enumerate(layers):
            has_boxes = any(self.vertices[v].box is not None for v in layer)
            height = max((self.vertices[v].height for v in layer), default=0.0)
            if number:
                y += GAP_RANK if has_boxes and previous_boxes else GAP_LABEL
                y += min(24.0, self._widest_step(layer) * 0.06)
            self.tops.append(y)
            y += height
            self.bottoms.append(y)
            previous_boxes = has_boxes
            for vertex in layer:
                box = self.vertices[vertex].box
                if box is not None:
                    box.x, box.y = self.vertices[vertex].x, (self.tops[-1] + self.bottoms[-1]) / 2
        return y

    def _widest_step(self, layer: list[int]) -> float:
        """How far sideways the lines into `layer` go; steep enough curves need room."""
        return max(
            (abs(self.vertices[v].x - self.vertices[u].x) for v in layer for u in self.vertices[v].above), default=0
        )

    def _route(self) -> None:
        downs: dict[int, list[tuple[float, int]]] = defaultdict(list)
        ups: dict[int, list[tuple[float, int]]] = defaultdict(list)
        for number, (line, chain) in enumerate(zip(self.lines, self.chains, strict=True)):
            if line.source == line.target or line.is_back:
                continue
            downs[chain[0]].append((self.vertices[chain[1]].x, number))
            if not line.joins:
                ups[chain[-1]].append((self.vertices[chain[-2]].x, number))
        out_ports, in_ports = self._ports(downs), self._ports(ups)
        sides = self._side_ports()
        for number, (line, chain) in enumerate(zip(self.lines, self.chains, strict=True)):
            if line.source == line.target:
                self._self_loop(line)
            elif line.is_back:
                self._route_back(line, chain, sides[chain[0]].pop(0), sides[chain[-1]].pop(0))
            else:
                self._route_down(line, chain, out_ports[number], in_ports.get(number))
            if number in self.label_vertex:
                vertex = self.label_vertex[number]
                rank = self.vertices[vertex].rank
                line.label_at = (self.vertices[vertex].x, (self.tops[rank] + self.bottoms[rank]) / 2)

    def _side_ports(self) -> dict[int, list[float]]:
        """Heights, from the middle of its box, at which the loops of a box leave and arrive, in the lines' order."""
        counts: dict[int, int] = defaultdict(int)
        for line in self.lines:
            if line.is_back and line.source != line.target:
                counts[self.index[line.source]] += 1
                counts[self.index[line.target]] += 1
        ports = {}
        for vertex, count in counts.items():
            step = min(9.0, (self.boxes[vertex].height - 14) / count)
            ports[vertex] = [(place - (count - 1) / 2) * step for place in range(count)]
        return ports

    def _ports(self, ends: dict[int, list[tuple[float, int]]]) -> dict[int, float]:
        ports: dict[int, float] = {}
        for vertex, each in ends.items():
            each.sort()
            box = self.vertices[vertex]
            step = min(18.0, (box.width - 16) / len(each)) if len(each) > 1 else 0.0
            middle = (len(each) - 1) / 2
            # A line that goes straight on keeps the middle of the box, the others move over for it.
            middle = next((float(place) for place, (x, _) in enumerate(each) if abs(x - box.x) < 0.5), middle)
            step = min(step, (box.width / 2 - 8) / max(middle, len(each) - 1 - middle)) if len(each) > 1 else 0.0
            for place, (_, number) in enumerate(each):
                ports[number] = box.x + (place - middle) * step
        return ports

    def _route_down(self, line: Line, chain: list[int], out: float, into: float | None) -> None:
        source = self.boxes[chain[0]]
        path = [Stop(out, source.y + source.height / 2)]
        rank = self.vertices[chain[0]].rank
        if self.bottoms[rank] > path[0].y:
            path.append(Stop(out, self.bottoms[rank]))
        last = chain[-1]
        for vertex in chain[1:-1]:
            each = self.vertices[vertex]
            path.append(Stop(each.x, self.tops[each.rank]))
            if self.bottoms[each.rank] > self.tops[each.rank]:
                path.append(Stop(each.x, self.bottoms[each.rank]))
        if line.joins:
            each = self.vertices[last]
            path.append(Stop(each.x, self.bottoms[each.rank]))
        else:
            target = self.boxes[last]
            x = target.x if into is None else into
            top = target.y - target.height / 2
            if self.tops[self.vertices[last].rank] < top:
                path.append(Stop(x, self.tops[self.vertices[last].rank]))
            path.append(Stop(x, top))
        line.path = path

    def _route_back(self, line: Line, chain: list[int], leave: float, arrive: float) -> None:
        source, target = self.boxes[chain[0]], self.boxes[chain[-1]]
        bends = chain[1:-1]
        first, last = self.vertices[bends[0]], self.vertices[bends[-1]]
        path = [
            Stop(source.x + source.width / 2, source.y + leave, sideways=True),
            Stop(first.x, source.y + leave),
            Stop(first.x, self.tops[first.rank]),
        ]
        for vertex in bends[1:-1]:
            each = self.vertices[vertex]
            path.append(Stop(each.x, self.bottoms[each.rank]))
            if self.bottoms[each.rank] > self.tops[each.rank]:
                path.append(Stop(each.x, self.tops[each.rank]))
        path += [
            Stop(last.x, self.bottoms[last.rank]),
            Stop(last.x, target.y + arrive),
            Stop(target.x + target.width / 2, target.y + arrive, sideways=True),
        ]
        line.path = path

    def _self_loop(self, line: Line) -> None:
        box = self.boxes[self.index[line.source]]
        right = box.x + box.width / 2
        line.path = [
            Stop(right, box.y + 8, sideways=True),
            Stop(right + 16, box.y + 8),
            Stop(right + 16, box.y - 8),
            Stop(right, box.y - 8, sideways=True),
        ]
        if line.label_width:
            line.label_at = (right + 20 + line.label_width / 2, box.y)

    def _normalise(self, height: float) -> tuple[float, float]:
        xs = [box.x - box.width / 2 for box in self.boxes] + [box.x + box.width / 2 for box in self.boxes]
        for line in self.lines:
            xs += [stop.x for stop in line.path]
            if line.label_at is not None:
                xs += [line.label_at[0] - line.label_width / 2, line.label_at[0] + line.label_width / 2]
        left, right = min(xs), max(xs)
        for box in self.boxes:
            box.x -= left
        for line in self.lines:
            line.path = [Stop(stop.x - left, stop.y, stop.sideways) for stop in line.path]
            if line.label_at is not None:
                line.label_at = (line.label_at[0] - left, line.label_at[1])
        return right - left, height
