// Package harness answers the tasks of bench/peers_comparison.py, one line of
// JSON each, with an engine written in Go.
package harness

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"
)

// Line is one line of the rules file.
type Line struct {
	Rule json.RawMessage `json:"rule"`
	Cel  string          `json:"cel"`
}

// Engine is one peer. Rules have the numbers of their lines.
type Engine interface {
	// Translate takes a rule over in the peer's own form, unmeasured. An
	// error says what the peer has no words for.
	Translate(line Line) error
	// Add takes up translated rule number `rule`.
	Add(rule int) error
	// Match calls found with every rule that the raw JSON event matches.
	Match(event []byte, found func(rule int)) error
	// Remove takes a rule out.
	Remove(rule int) error
}

type task struct {
	Task    string  `json:"task"`
	Rules   string  `json:"rules"`
	Events  string  `json:"events"`
	Count   int     `json:"count"`
	Seconds float64 `json:"seconds"`
}

type answer map[string]any

type server struct {
	engine Engine
	rules  int
	events [][]byte
}

// Serve answers until standard input ends.
func Serve(engine Engine) {
	tasks := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	all := server{engine: engine}
	for {
		line, err := tasks.ReadBytes('\n')
		if err != nil {
			return
		}
		var asked task
		Check(json.Unmarshal(line, &asked))
		reply, err := all.perform(asked)
		if err != nil {
			reply = answer{"cannot": err.Error()}
		}
		Check(output.Encode(reply))
	}
}

// Check ends the program on an error that no task is to blame for.
func Check(err error) {
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s: %v\n", filepath.Base(os.Args[0]), err)
		os.Exit(1)
	}
}

func (s *server) perform(asked task) (answer, error) {
	switch asked.Task {
	case "load":
		return s.load(asked)
	case "build":
		return s.build()
	case "check":
		return s.check(asked.Count)
	case "match":
		return s.match(asked.Seconds)
	default:
		return s.remove(asked.Count)
	}
}

func (s *server) load(asked task) (answer, error) {
	for _, text := range lines(asked.Rules) {
		var line Line
		Check(json.Unmarshal(text, &line))
		if err := s.engine.Translate(line); err != nil {
			return nil, err
		}
		s.rules++
	}
	s.events = lines(asked.Events)
	return answer{"rules": s.rules}, nil
}

func (s *server) build() (answer, error) {
	before := liveHeap()
	start := time.Now()
	for rule := range s.rules {
		if err := s.engine.Add(rule); err != nil {
			return nil, err
		}
	}
	seconds := time.Since(start).Seconds()
	return answer{"seconds": seconds, "bytes": liveHeap() - before}, nil
}

func (s *server) check(count int) (answer, error) {
	var checksum uint64
	matches := 0
	for i := range count {
		err := s.engine.Match(s.events[i], func(rule int) {
			checksum += pair(uint64(i), uint64(rule))
			matches++
		})
		if err != nil {
			return nil, err
		}
	}
	text := strconv.FormatUint(checksum, 10)
	return answer{"matches": matches, "checksum": text}, nil
}

func (s *server) match(seconds float64) (answer, error) {
	start := time.Now()
	runs := 0
	for {
		batch := 64
		if runs < 64 {
			batch = 1
		}
		for range batch {
			event := s.events[runs%len(s.events)]
			if err := s.engine.Match(event, func(int) {}); err != nil {
				return nil, err
			}
			runs++
		}
		if elapsed := time.Since(start).Seconds(); elapsed >= seconds {
			return answer{"events": runs, "seconds": elapsed}, nil
		}
	}
}

func (s *server) remove(count int) (answer, error) {
	start := time.Now()
	for rule := range count {
		if err := s.engine.Remove(rule); err != nil {
			return nil, err
		}
	}
	return answer{"seconds": time.Since(start).Seconds()}, nil
}

// pair is bench/measure/checksum.h.
func pair(event, rule uint64) uint64 {
	return (event*1_000_003+rule+1)*0x9E3779B97F4A7C15 ^
		rule*0xBF58476D1CE4E5B9
}

func lines(path string) [][]byte {
	text, err := os.ReadFile(path)
	Check(err)
	return bytes.Split(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"))
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var statistics runtime.MemStats
	runtime.ReadMemStats(&statistics)
	return int64(statistics.HeapAlloc)
}
