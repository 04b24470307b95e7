// The peer quamina. It has no "all of these elements": a list that must
// contain two texts is asked for either, as hypermatch's authors do; the
// checksum tells whether that makes a difference.
package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"quamina.net/go/quamina/v2"
	harness "streamer/bench/peers/match_harness"
)

type engine struct {
	rules   []string
	matcher *quamina.Quamina
}

func main() {
	matcher, err := quamina.New(
		quamina.WithMediaType("application/json"),
		quamina.WithPatternDeletion(true))
	harness.Check(err)
	harness.Serve(&engine{matcher: matcher})
}

func (e *engine) Translate(line harness.Line) error {
	var rule Rule
	if err := json.Unmarshal(line.Rule, &rule); err != nil {
		return err
	}
	fields := map[string][]any{}
	if err := appendAll(rule, fields); err != nil {
		return err
	}
	text, err := json.Marshal(fields)
	e.rules = append(e.rules, string(text))
	return err
}

func (e *engine) Add(rule int) error {
	return e.matcher.AddPattern(rule, e.rules[rule])
}

func (e *engine) Match(event []byte, found func(rule int)) error {
	matches, err := e.matcher.MatchesForEvent(event)
	if err != nil {
		return err
	}
	for _, rule := range matches {
		found(rule.(int))
	}
	return nil
}

func (e *engine) Remove(rule int) error {
	return e.matcher.DeletePatterns(rule)
}

// Rule is the neutral form of bench/workloads/rule.h.
type Rule struct {
	All   []Rule `json:"all"`
	Field string `json:"field"`
	Op    string `json:"op"`
	Value any    `json:"value"`
}

// appendAll fills field → alternatives.
func appendAll(rule Rule, fields map[string][]any) error {
	for _, part := range rule.All {
		if err := appendAll(part, fields); err != nil {
			return err
		}
	}
	if rule.All != nil {
		return nil
	}
	if rule.Field == "" {
		return errors.New("no or, no not, no CEL")
	}
	if fields[rule.Field] != nil && rule.Op != "contains" {
		return errors.New("two conditions on one field")
	}
	patterns, err := translate(rule)
	fields[rule.Field] = append(fields[rule.Field], patterns...)
	return err
}

func translate(leaf Rule) ([]any, error) {
	switch leaf.Op {
	case "==", "contains":
		return []any{leaf.Value}, nil
	case "in":
		return leaf.Value.([]any), nil
	case "!=":
		return []any{map[string]any{"anything-but": []any{leaf.Value}}}, nil
	case "prefix":
		return []any{map[string]any{"prefix": leaf.Value}}, nil
	case "wildcard":
		return []any{map[string]any{"shellstyle": leaf.Value}}, nil
	case "substring":
		pattern := fmt.Sprintf("*%v*", leaf.Value)
		return []any{map[string]any{"shellstyle": pattern}}, nil
	}
	return nil, fmt.Errorf("no %s", leaf.Op)
}
