// Package render prints the answer of a query for people.
package render

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
)

// Document is the JSON document that POST /api/v1/query answers with.
type Document struct {
	Columns []Column `json:"columns"`
	Rows    [][]any  `json:"rows"`
	Stats   Stats    `json:"stats"`
}

// Column is the name of a column of the answer and the type of its values.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Stats is what the query took.
type Stats struct {
	RowsScanned  int64   `json:"rows_scanned"`
	RowsReturned int64   `json:"rows_returned"`
	BytesRead    int64   `json:"bytes_read"`
	PartsTotal   int     `json:"parts_total"`
	PartsPruned  int     `json:"parts_pruned"`
	PartsDamaged int     `json:"parts_damaged"`
	PagesDamaged int64   `json:"pages_damaged"`
	ElapsedMS    float64 `json:"elapsed_ms"`
}

// Read reads a document. Numbers keep all their digits, as json.Number.
func Read(r io.Reader) (doc Document, err error) {
	d := json.NewDecoder(r)
	d.UseNumber()
	if err := d.Decode(&doc); err != nil {
		return doc, fmt.Errorf("render: the answer is no query document: %w", err)
	}
	return doc, nil
}

// Table prints the rows as a table with a line of figures below it.
func Table(w io.Writer, doc Document) error {
	t := tablewriter.NewTable(w,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{Symbols: tw.NewSymbols(tw.StyleASCII)})),
		tablewriter.WithHeaderAutoFormat(tw.Off),
		tablewriter.WithAlignment(alignments(doc.Columns)),
		tablewriter.WithRowAutoWrap(tw.WrapNone),
		tablewriter.WithTrimSpace(tw.Off),
	)
	header := make([]string, len(doc.Columns))
	for i, c := range doc.Columns {
		header[i] = oneLine(c.Name)
	}
	t.Header(header)
	for _, row := range doc.Rows {
		cells := make([]string, len(row))
		for i, v := range row {
			cells[i] = cell(v, doc.columnType(i))
		}
		if err := t.Append(cells); err != nil {
			return err
		}
	}
	if err := t.Render(); err != nil {
		return err
	}
	if n := doc.Stats.PartsDamaged; n > 0 {
		if _, err := fmt.Fprintf(w, "rows may be missing: %d damaged parts left out\n", n); err != nil {
			return err
		}
	}
	if n := doc.Stats.PagesDamaged; n > 0 {
		if _, err := fmt.Fprintf(w, "values may be missing, and rows that were looked for by them: %d damaged pages left out\n", n); err != nil {
			return err
		}
	}
	rows := "rows"
	if len(doc.Rows) == 1 {
		rows = "row"
	}
	_, err := fmt.Fprintf(w, "%d %s in %.1f ms (%d rows scanned, %d of %d parts left out)\n",
		len(doc.Rows), rows, doc.Stats.ElapsedMS, doc.Stats.RowsScanned, doc.Stats.PartsPruned, doc.Stats.PartsTotal)
	return err
}

func (d Document) columnType(i int) string {
	if i < len(d.Columns) {
		return d.Columns[i].Type
	}
	return ""
}

// alignments puts numbers to the right.
func alignments(columns []Column) tw.Alignment {
	a := make(tw.Alignment, len(columns))
	for i, c := range columns {
		switch c.Type {
		case "int", "float", "duration":
			a[i] = tw.AlignRight
		default:
			a[i] = tw.AlignLeft
		}
	}
	return a
}

// cell renders one value. Control characters of a telemetry string must not
// reach the terminal.
func cell(v any, typ string) string {
	switch v := v.(type) {
	case nil:
		return "NULL"
	case string:
		return oneLine(v)
	case json.Number:
		if typ == "duration" {
			if ns, err := v.Int64(); err == nil {
				return time.Duration(ns).String()
			}
		}
		return v.String()
	case bool:
		return strconv.FormatBool(v)
	}
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return oneLine(string(text))
}

var spaces = strings.NewReplacer("\n", " ", "\t", " ")

// oneLine is Printable for what has to stay on one line.
func oneLine(s string) string { return spaces.Replace(Printable(s)) }

// Printable makes text from outside harmless to a terminal: what would move
// its cursor, change its colors or the order in which it shows the text becomes
// U+FFFD. Line feeds and tabs stay.
func Printable(s string) string { return strings.Map(printable, s) }

func printable(r rune) rune {
	switch {
	case r == '\n' || r == '\t':
		return r
	case r == '\r':
		return ' '
	case unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || unicode.In(r, unicode.Zl, unicode.Zp):
		return unicode.ReplacementChar
	}
	return r
}

// Terminal returns a writer that makes what goes through it Printable. Close
// ends it, and does not close w.
func Terminal(w io.Writer) io.WriteCloser {
	return transform.NewWriter(w, runes.Map(printable))
}
