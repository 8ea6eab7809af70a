package render_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ttlog/ttlog/cmd/ttlog/internal/render"
)

func TestTable(t *testing.T) {
	doc, err := render.Read(strings.NewReader(`{
		"columns": [{"name":"name","type":"string"},{"name":"n\u009b","type":"int"},{"name":"p99(duration)","type":"duration"},{"name":"x","type":"any"}],
		"rows": [["GET /",9007199254740993,1500000,null],["a\u001b[31m\nb\u202e",2,60000000000,{"k":[1,true]}]],
		"stats": {"rows_scanned":10,"rows_returned":2,"parts_total":3,"parts_pruned":1,"parts_damaged":1,"elapsed_ms":1.25}
	}`))
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := render.Table(&out, doc); err != nil {
		t.Fatal(err)
	}
	want := `
+-----------+------------------+---------------+----------------+
| name      |               n� | p99(duration) | x              |
+-----------+------------------+---------------+----------------+
| GET /     | 9007199254740993 |         1.5ms | NULL           |
| a�[31m b� |                2 |          1m0s | {"k":[1,true]} |
+-----------+------------------+---------------+----------------+
rows may be missing: 1 damaged parts left out
2 rows in 1.2 ms (10 rows scanned, 1 of 3 parts left out)
`
	if got := "\n" + out.String(); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestTable_OneRow(t *testing.T) {
	var out bytes.Buffer
	if err := render.Table(&out, render.Document{Rows: [][]any{{"x"}}, Columns: []render.Column{{Name: "a", Type: "string"}}}); err != nil {
		t.Fatal(err)
	}
	if want := "\n1 row in "; !strings.Contains(out.String(), want) {
		t.Errorf("got %s\nwithout %q", out.String(), want)
	}
}

func TestTerminal(t *testing.T) {
	var out bytes.Buffer
	w := render.Terminal(&out)
	text := "a\x1b]0;é\a\n\x9b2J\tü,\"\u009b\u2067\""
	for i := range len(text) { // characters in pieces
		if _, err := w.Write([]byte{text[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if want := "a\ufffd]0;é\ufffd\n\ufffd2J\tü,\"\ufffd\ufffd\""; out.String() != want || render.Printable(text) != want {
		t.Errorf("got %q and %q, want %q", out.String(), render.Printable(text), want)
	}
}

func TestRead_SaysWhatIsWrong(t *testing.T) {
	if _, err := render.Read(strings.NewReader("<html>")); err == nil {
		t.Error("got no error for an answer that is no document")
	}
}
