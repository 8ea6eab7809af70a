package bench

import (
	"strings"
	"testing"
)

func TestReadCorpus_HasEveryQuestionInBothLanguages(t *testing.T) {
	seen := make(map[string]bool)
	n := 0
	for _, file := range append([]string{"targets.sql"}, interfaces...) {
		list, err := readCorpus(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, q := range list {
			if q.ttlog == "" || q.clickhouse == "" || seen[q.name] {
				t.Errorf("%s: %s lacks a side, or comes twice", file, q.name)
			}
			seen[q.name] = true
		}
		if file == "targets.sql" {
			for _, q := range list {
				if targets[q.name] == 0 {
					t.Errorf("%s has no target", q.name)
				}
			}
			continue
		}
		n += len(list)
	}
	if n < 40 {
		t.Errorf("the corpus has %d questions, want 40", n)
	}
	for name := range targets {
		if !seen[name] {
			t.Errorf("%s has a target and no question", name)
		}
	}
}

// TestQuestion_SameRows compares answers in the forms that the two engines
// write.
func TestQuestion_SameRows(t *testing.T) {
	rows := func(text string) [][]any {
		list, err := decodeRows(strings.NewReader(text))
		if err != nil {
			t.Fatal(err)
		}
		return list
	}
	exact, about := question{within: 1e-9}, question{within: 0.01}
	for _, c := range []struct {
		q         question
		got, want string
		same      bool
	}{
		{exact, `["a",1][null,2.5]`, `[null,2.5]["a",1]`, true},
		{exact, `["2024-05-01T10:00:00.000000000Z"]`, `["2024-05-01T10:00:00Z"]`, true},
		{exact, `[1152921504606846977]`, `[1152921504606846977]`, true},
		{exact, `[100]`, `[101]`, false},
		{about, `["a",100]["b",5]`, `["b",5]["a",101]`, true},
		{about, `[100]`, `[102]`, false},
		{exact, `[1][1]`, `[1]`, false},
		{exact, `[null]`, `[""]`, false},
		{exact, `[1]`, `["1"]`, false},
		{exact, `[true]`, `[1]`, false},
		{question{rows: true}, `[1]`, `[2]`, true},
		{question{rows: true}, `[1]`, ``, false},
	} {
		if err := c.q.sameRows(rows(c.got), rows(c.want)); (err == nil) != c.same {
			t.Errorf("%s and %s: got %v, want the same: %t", c.got, c.want, err, c.same)
		}
	}
}
