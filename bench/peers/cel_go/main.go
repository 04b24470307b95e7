// The peer cel-go: answers the tasks of bench/cel_comparison.py, one line of
// JSON each.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/google/cel-go/cel"
)

type task struct {
	Task       string            `json:"task"`
	Expression string            `json:"expression"`
	Documents  []json.RawMessage `json:"documents"`
	Seconds    float64           `json:"seconds"`
}

type answer struct {
	Nanoseconds float64 `json:"nanoseconds"`
	Matches     int     `json:"matches"`
}

func main() {
	env, err := cel.NewEnv(cel.Variable("doc", cel.DynType))
	check(err)
	lines := bufio.NewReaderSize(os.Stdin, 1<<20)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked task
		check(json.Unmarshal(line, &asked))
		if asked.Task == "compile" {
			check(output.Encode(timeCompile(env, asked)))
		} else {
			check(output.Encode(timeEvaluate(env, asked)))
		}
	}
}

func compile(env *cel.Env, expression string) cel.Program {
	ast, issues := env.Compile(expression)
	check(issues.Err())
	program, err := env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	check(err)
	return program
}

func timeCompile(env *cel.Env, asked task) answer {
	return answer{Nanoseconds: measure(asked.Seconds, 1, func() {
		compile(env, asked.Expression)
	})}
}

func timeEvaluate(env *cel.Env, asked task) answer {
	program := compile(env, asked.Expression)
	var activations []any
	for _, document := range asked.Documents {
		decoder := json.NewDecoder(strings.NewReader(string(document)))
		decoder.UseNumber()
		var value any
		check(decoder.Decode(&value))
		activations = append(activations, map[string]any{"doc": native(value)})
	}
	matches := 0
	nanoseconds := measure(asked.Seconds, len(activations), func() {
		matches = 0
		for _, activation := range activations {
			result, _, err := program.Eval(activation)
			check(err)
			if result.Value() == true {
				matches++
			}
		}
	})
	return answer{Nanoseconds: nanoseconds, Matches: matches}
}

// measure repeats run until the time is over and returns nanoseconds per
// operation, of which one run makes `operations`.
func measure(seconds float64, operations int, run func()) float64 {
	run()
	start := time.Now()
	runs := 0
	for time.Since(start).Seconds() < seconds {
		run()
		runs++
	}
	return float64(time.Since(start).Nanoseconds()) / float64(runs*operations)
}

// native turns numbers without fraction into int64, as a filter sees them.
func native(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		fraction, err := value.Float64()
		check(err)
		return fraction
	case []any:
		for i := range value {
			value[i] = native(value[i])
		}
	case map[string]any:
		for key := range value {
			value[key] = native(value[key])
		}
	}
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "cel_go:", err)
		os.Exit(1)
	}
}
