package bench

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestWriteResults_IsTheDocumentedArray(t *testing.T) {
	figures := []Figure{
		Figure{ID: "a.b", Unit: "ns", TTLog: 50}.withPeer("peer", 200).ratioAtMost(0.5, "ratio <= 0.5"),
		Figure{ID: "c.d", Unit: "spans/s", TTLog: 10}.atLeast(11, ">= 11"),
	}
	path := filepath.Join(t.TempDir(), "results.json")
	if err := WriteResults(path, figures); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []map[string]any
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"id", "unit", "ttlog", "peer", "peer_name", "ratio", "target", "met"} {
		if _, ok := got[0][key]; !ok {
			t.Errorf("no %q in %s", key, text)
		}
	}
	if got[0]["ratio"] != 0.25 || got[0]["met"] != true || got[1]["peer"] != nil || got[1]["met"] != false {
		t.Errorf("got %s", text)
	}
}

func TestWriteTable(t *testing.T) {
	var out strings.Builder
	if err := WriteTable(&out, []Figure{Figure{ID: "a.b", Unit: "ns", TTLog: 1234.5}.withPeer("peer", 12.34).atMost(100, "<= 100")}); err != nil {
		t.Fatal(err)
	}
	want := `| id  | unit | ttlog | peer      | ratio   | target | met |
| --- | ---- | ----- | --------- | ------- | ------ | --- |
| a.b | ns   | 1235  | 12.3 peer | 100.041 | <= 100 | no  |
`
	if out.String() != want {
		t.Errorf("got\n%s\nwant\n%s", out.String(), want)
	}
}

func TestMerge_ReplacesWhatWasMeasuredAgain(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.json")
	if err := WriteResults(path, []Figure{{ID: "a", TTLog: 1}, {ID: "b", TTLog: 2}}); err != nil {
		t.Fatal(err)
	}
	earlier, err := ReadResults(path)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, f := range Merge(earlier, []Figure{{ID: "c", TTLog: 4}, {ID: "a", TTLog: 3, Missing: true}}) {
		got = append(got, fmt.Sprint(f.ID, f.TTLog, f.Missing))
	}
	if want := []string{"a3 true", "b2 false", "c4 false"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestMedian(t *testing.T) {
	if got := median([]float64{9, 1, 5}); got != 5 {
		t.Errorf("got %v, want 5", got)
	}
	if got := median([]float64{4, 1, 9, 2}); got != 3 {
		t.Errorf("got %v, want 3", got)
	}
}

// TestSnapshots_AreWhatTheFiguresSay checks the spans that everything is
// measured with.
func TestSnapshots_AreWhatTheFiguresSay(t *testing.T) {
	spans, err := snapshots(3)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range spans {
		if n := len(s.Attributes()); n != 5 || s.EndTime().IsZero() || !s.SpanContext().IsSampled() {
			t.Errorf("a span with %d attributes, ended %v; want 5 and an ended, sampled one", n, s.EndTime())
		}
	}
}
