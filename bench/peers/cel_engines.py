"""A CEL engine as Python sees it: answers the tasks of cel_comparison.py.

usage: cel_engines.py streamer|official|rust|pure

One line of JSON each: {task, expression, documents, seconds} asked,
{nanoseconds, matches} answered.  Documents are converted to what the engine
takes before the clock starts, where it has such a form.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

# Evaluates the documents of one batch, and returns how many match.
Batch = Callable[[], int]
Engine = tuple[Callable[[str], Any], Callable[[Any, list[Any]], Batch]]


def official() -> Engine:
    """Return the official C++ implementation."""
    from cel_expr_python import cel

    env = cel.NewEnv(variables={"doc": cel.Type.DYN})

    def prepare(expression: Any, documents: list[Any]) -> Batch:
        activations = [env.Activation({"doc": d}) for d in documents]
        return lambda: sum(
            expression.eval(activation).value() is True
            for activation in activations
        )

    return env.compile, prepare


def rust() -> Engine:
    """Return the Rust implementation."""
    import cel

    def prepare(program: Any, documents: list[Any]) -> Batch:
        contexts = [cel.Context({"doc": d}) for d in documents]
        return lambda: sum(
            program.execute(context) is True for context in contexts
        )

    return cel.compile, prepare


def pure() -> Engine:
    """Return the pure Python implementation."""
    import celpy

    env = celpy.Environment()

    def compile_program(text: str) -> Any:
        return env.program(env.compile(text))

    def prepare(program: Any, documents: list[Any]) -> Batch:
        activations = [{"doc": celpy.json_to_cel(d)} for d in documents]
        return lambda: sum(
            bool(program.evaluate(activation)) for activation in activations
        )

    return compile_program, prepare


def streamer() -> Engine:
    """Return ours: a batch of documents in one call."""
    from streamer import cel

    def prepare(program: Any, documents: list[Any]) -> Batch:
        batch = cel.Documents(documents)
        return lambda: sum(
            result is True for result in program.eval_many(batch)
        )

    return cel.compile, prepare


ENGINES = {
    "official": official,
    "rust": rust,
    "pure": pure,
    "streamer": streamer,
}


def measure(seconds: float, operations: int, run: Callable[[], Any]) -> float:
    """Repeat ``run`` for so long; return nanoseconds per operation."""
    run()
    start = time.perf_counter_ns()
    end = start + seconds * 1e9
    runs = 0
    while time.perf_counter_ns() < end:
        run()
        runs += 1
    return (time.perf_counter_ns() - start) / (runs * operations)


def answer(engine: Engine, task: dict[str, Any]) -> dict[str, float]:
    """Do one task."""
    compile_program, prepare = engine
    text = task["expression"]
    if task["task"] == "compile":
        took = measure(task["seconds"], 1, lambda: compile_program(text))
        return {"nanoseconds": took, "matches": 0}
    batch = prepare(compile_program(text), task["documents"])
    took = measure(task["seconds"], len(task["documents"]), batch)
    return {"nanoseconds": took, "matches": batch()}


def main() -> None:
    """Answer tasks until there are no more."""
    engine = ENGINES[sys.argv[1]]()
    for line in sys.stdin:
        print(json.dumps(answer(engine, json.loads(line))), flush=True)


if __name__ == "__main__":
    main()
