"""Names, signatures and arities of the built-in functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from penstock.asl.jsonata.functions import aws, collections, numbers, text
from penstock.asl.jsonata.signatures import Signature
from penstock.asl.jsonata.values import Native

_TABLE: Final[tuple[tuple[str, str | None, Callable[..., Any], int], ...]] = (
    # name, signature, function, how many arguments $map and its kin may pass it
    ("sum", "<a<n>:n>", numbers.total, 1),
    ("count", "<a:n>", collections.count, 1),
    ("max", "<a<n>:n>", numbers.maximum, 1),
    ("min", "<a<n>:n>", numbers.minimum, 1),
    ("average", "<a<n>:n>", numbers.average, 1),
    ("string", "<x-b?:s>", text.string, 1),
    ("substring", "<s-nn?:s>", text.substring, 3),
    ("substringBefore", "<s-s:s>", text.substring_before, 2),
    ("substringAfter", "<s-s:s>", text.substring_after, 2),
    ("lowercase", "<s-:s>", text.lowercase, 1),
    ("uppercase", "<s-:s>", text.uppercase, 1),
    ("length", "<s-:n>", text.length, 1),
    ("trim", "<s-:s>", text.trim, 1),
    ("pad", "<s-ns?:s>", text.pad, 3),
    ("match", "<s-f<s:o>n?:a<o>>", text.match, 3),
    ("contains", "<s-(sf):b>", text.contains, 2),
    ("replace", "<s-(sf)(sf)n?:s>", text.replace, 4),
    ("split", "<s-(sf)n?:a<s>>", text.split, 3),
    ("join", "<a<s>s?:s>", text.join, 2),
    ("formatNumber", "<n-so?:s>", numbers.format_number, 3),
    ("formatBase", "<n-n?:s>", numbers.format_base, 2),
    ("formatInteger", "<n-s:s>", numbers.format_integer, 2),
    ("parseInteger", "<s-s:n>", numbers.parse_integer, 2),
    ("number", "<(nsb)-:n>", numbers.number, 1),
    ("floor", "<n-:n>", numbers.floor, 1),
    ("ceil", "<n-:n>", numbers.ceil, 1),
    ("round", "<n-n?:n>", numbers.round_, 2),
    ("abs", "<n-:n>", numbers.absolute, 1),
    ("sqrt", "<n-:n>", numbers.sqrt, 1),
    ("power", "<n-n:n>", numbers.power, 2),
    ("boolean", "<x-:b>", collections.boolean_, 1),
    ("not", "<x-:b>", collections.not_, 1),
    ("map", "<af>", collections.map_, 2),
    ("zip", "<a+>", collections.zip_, 0),
    ("filter", "<af>", collections.filter_, 2),
    ("single", "<af?>", collections.single, 2),
    ("reduce", "<afj?:j>", collections.reduce, 3),
    ("sift", "<o-f?:o>", collections.sift, 2),
    ("keys", "<x-:a<s>>", collections.keys, 1),
    ("lookup", "<x-s:x>", collections.lookup, 2),
    ("append", "<xx:a>", collections.append, 2),
    ("exists", "<x:b>", collections.exists, 1),
    ("spread", "<x-:a<o>>", collections.spread, 1),
    ("merge", "<a<o>:o>", collections.merge, 1),
    ("reverse", "<a:a>", collections.reverse, 1),
    ("each", "<o-f:a>", collections.each, 2),
    ("error", "<s?:x>", collections.error, 1),
    ("assert", "<bs?:x>", collections.assert_, 2),
    ("type", "<x:s>", collections.type_, 1),
    ("sort", "<af?:a>", collections.sort, 2),
    ("shuffle", "<a:a>", collections.shuffle, 1),
    ("distinct", "<x:x>", collections.distinct, 1),
    ("base64encode", "<s-:s>", text.base64_encode, 1),
    ("base64decode", "<s-:s>", text.base64_decode, 1),
    ("encodeUrlComponent", "<s-:s>", text.encode_url_component, 1),
    ("encodeUrl", "<s-:s>", text.encode_url, 1),
    ("decodeUrlComponent", "<s-:s>", text.decode_url_component, 1),
    ("decodeUrl", "<s-:s>", text.decode_url, 1),
    ("toMillis", "<s-s?:n>", numbers.to_millis, 2),
    ("fromMillis", "<n-s?s?:s>", numbers.from_millis, 3),
    ("clone", "<(oa)-:o>", collections.clone, 1),
    ("now", "<s?s?:s>", numbers.now, 2),
    ("millis", "<:n>", numbers.millis, 0),
    ("partition", None, aws.partition, 2),
    ("range", None, aws.range_, 3),
    ("hash", None, aws.hash_, 2),
    ("random", None, aws.random, 1),
    ("uuid", None, aws.uuid, 0),
    ("parse", None, aws.parse, 1),
    ("eval", None, aws.eval_, 2),
)

LIBRARY: Final[dict[str, Any]] = {
    name: Native(name, function, Signature(signature) if signature is not None else None, arity)
    for name, signature, function, arity in _TABLE
}
