// The peer cel-go loop: one compiled program per rule, tried in turn, as a
// service without an index does.
package main

import (
	"bytes"
	"encoding/json"

	"github.com/google/cel-go/cel"
	harness "streamer/bench/peers/match_harness"
)

type loop struct {
	env      *cel.Env
	texts    []string
	programs []cel.Program // nil once removed
}

func main() {
	env, err := cel.NewEnv(cel.Variable("doc", cel.DynType))
	harness.Check(err)
	harness.Serve(&loop{env: env})
}

func (l *loop) Translate(line harness.Line) error {
	l.texts = append(l.texts, line.Cel)
	return nil
}

func (l *loop) Add(rule int) error {
	ast, issues := l.env.Compile(l.texts[rule])
	if issues.Err() != nil {
		return issues.Err()
	}
	program, err := l.env.Program(ast, cel.EvalOptions(cel.OptOptimize))
	l.programs = append(l.programs, program)
	return err
}

// Match decodes the event once and asks every program. An error, such as a
// missing field, is no match.
func (l *loop) Match(event []byte, found func(rule int)) error {
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.UseNumber()
	var document any
	if err := decoder.Decode(&document); err != nil {
		return err
	}
	activation := map[string]any{"doc": native(document)}
	for rule, program := range l.programs {
		if program == nil {
			continue
		}
		result, _, err := program.Eval(activation)
		if err == nil && result.Value() == true {
			found(rule)
		}
	}
	return nil
}

func (l *loop) Remove(rule int) error {
	l.programs[rule] = nil
	return nil
}

// native turns numbers without fraction into int64, as a filter sees them.
func native(value any) any {
	switch value := value.(type) {
	case json.Number:
		if whole, err := value.Int64(); err == nil {
			return whole
		}
		fraction, err := value.Float64()
		harness.Check(err)
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
