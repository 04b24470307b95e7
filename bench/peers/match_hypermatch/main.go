// The peer hypermatch. It ignores case and takes every value of a list for a
// value of the field, which makes no difference on these workloads.
package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/SchwarzDigits/hypermatch/v2"
	harness "streamer/bench/peers/match_harness"
)

type engine struct {
	rules   []hypermatch.ConditionSet
	matcher *hypermatch.HyperMatch[int]
	matches []int
}

func main() {
	harness.Serve(&engine{matcher: hypermatch.New[int]()})
}

func (e *engine) Translate(line harness.Line) error {
	var rule Rule
	if err := json.Unmarshal(line.Rule, &rule); err != nil {
		return err
	}
	set := Set{}
	if err := set.appendRule(rule); err != nil {
		return err
	}
	text, err := json.Marshal(set.merged())
	if err != nil {
		return err
	}
	var conditions hypermatch.ConditionSet
	if err := json.Unmarshal(text, &conditions); err != nil {
		return err
	}
	e.rules = append(e.rules, conditions)
	return nil
}

func (e *engine) Add(rule int) error {
	return e.matcher.AddRule(rule, e.rules[rule])
}

func (e *engine) Match(event []byte, found func(rule int)) error {
	matches, err := e.matcher.AppendMatchesJSON(e.matches[:0], event)
	if err != nil {
		return err
	}
	for _, rule := range matches {
		found(rule)
	}
	e.matches = matches
	return nil
}

func (e *engine) Remove(rule int) error {
	e.matcher.RemoveRule(rule)
	return nil
}

// Rule is the neutral form of bench/workloads/rule.h.
type Rule struct {
	All   []Rule `json:"all"`
	Any   []Rule `json:"any"`
	Not   *Rule  `json:"not"`
	Field string `json:"field"`
	Op    string `json:"op"`
	Value any    `json:"value"`
}

// Pattern is one condition in the peer's JSON form.
type Pattern map[string]any

// Set is a rule in the peer's form: patterns by field, all of which must
// hold, and at most one list of alternatives.
type Set struct {
	patterns map[string][]Pattern
	or       []*Set
}

func (s *Set) appendRule(rule Rule) error {
	switch {
	case rule.All != nil:
		for _, part := range rule.All {
			if err := s.appendRule(part); err != nil {
				return err
			}
		}
		return nil
	case rule.Any != nil:
		return s.appendAny(rule.Any)
	case rule.Not != nil:
		return s.appendNot(*rule.Not)
	case rule.Field != "":
		pattern, err := translate(rule)
		s.appendPattern(rule.Field, pattern)
		return err
	}
	return errors.New("no CEL")
}

func (s *Set) appendPattern(field string, pattern Pattern) {
	if s.patterns == nil {
		s.patterns = map[string][]Pattern{}
	}
	s.patterns[field] = append(s.patterns[field], pattern)
}

// appendAny puts alternatives into each of those that there are: a set has
// one list of them.
func (s *Set) appendAny(parts []Rule) error {
	if s.or != nil {
		for _, alternative := range s.or {
			if err := alternative.appendAny(parts); err != nil {
				return err
			}
		}
		return nil
	}
	for _, part := range parts {
		alternative := &Set{}
		if err := alternative.appendRule(part); err != nil {
			return err
		}
		s.or = append(s.or, alternative)
	}
	return nil
}

// appendNot takes conditions on one field only.
func (s *Set) appendNot(rule Rule) error {
	inner := Set{}
	if err := inner.appendRule(rule); err != nil {
		return err
	}
	if inner.or != nil || len(inner.patterns) != 1 {
		return errors.New("no not over several fields")
	}
	for field, patterns := range inner.patterns {
		but := Pattern{"anythingBut": []Pattern{both(patterns)}}
		s.appendPattern(field, but)
	}
	return nil
}

// merged is the JSON of the set.
func (s *Set) merged() map[string]any {
	object := map[string]any{}
	for field, patterns := range s.patterns {
		object[field] = both(patterns)
	}
	if s.or != nil {
		alternatives := []any{}
		for _, alternative := range s.or {
			alternatives = append(alternatives, alternative.merged())
		}
		object["$or"] = alternatives
	}
	return object
}

// both is one pattern for several; two bounds are a range, which the peer
// finds by binary search.
func both(patterns []Pattern) Pattern {
	if len(patterns) == 1 {
		return patterns[0]
	}
	if len(patterns) == 2 && isBound(patterns[0]) && isBound(patterns[1]) {
		return Pattern{"between": patterns}
	}
	return Pattern{"allOf": patterns}
}

func isBound(pattern Pattern) bool {
	for _, name := range []string{"lt", "lte", "gt", "gte"} {
		if _, has := pattern[name]; has {
			return true
		}
	}
	return false
}

var bounds = map[string]string{"<": "lt", "<=": "lte", ">": "gt", ">=": "gte"}

func translate(leaf Rule) (Pattern, error) {
	switch leaf.Op {
	case "==", "contains":
		return equal(leaf.Value), nil
	case "!=":
		return Pattern{"anythingBut": []Pattern{equal(leaf.Value)}}, nil
	case "in":
		var patterns []Pattern
		for _, value := range leaf.Value.([]any) {
			patterns = append(patterns, equal(value))
		}
		return Pattern{"anyOf": patterns}, nil
	case "prefix", "suffix", "wildcard":
		return Pattern{leaf.Op: leaf.Value}, nil
	case "substring":
		return Pattern{"wildcard": fmt.Sprintf("*%v*", leaf.Value)}, nil
	}
	if bound, is := bounds[leaf.Op]; is {
		return Pattern{bound: leaf.Value}, nil
	}
	return nil, fmt.Errorf("no %s", leaf.Op)
}

func equal(value any) Pattern {
	if number, is := value.(float64); is {
		return Pattern{"eq": number}
	}
	return Pattern{"equals": value}
}
