package queryapi

import (
	"encoding/csv"
	"io"

	"github.com/ttlog/ttlog/query"
)

// csvFormat is a line of names and a line a row, as RFC 4180 has it but with
// bare line feeds. NULL is an empty field.
type csvFormat struct{}

func (csvFormat) MediaType() string           { return "text/csv" }
func (csvFormat) Encoder(w io.Writer) Encoder { return &csvEncoder{raw: w, w: csv.NewWriter(w)} }

type csvEncoder struct {
	raw    io.Writer
	w      *csv.Writer
	fields []string
}

// Columns writes the line of names.
func (e *csvEncoder) Columns(cols []query.Column) error {
	e.fields = make([]string, len(cols))
	for i, c := range cols {
		e.fields[i] = c.Name
	}
	return e.w.Write(e.fields)
}

// Batch writes rows.
func (e *csvEncoder) Batch(b *query.Batch) error {
	for row := range b.Len() {
		for col := range e.fields {
			e.fields[col] = string(query.AppendText(nil, b.Value(row, col)))
		}
		if err := e.line(); err != nil {
			return err
		}
	}
	e.w.Flush()
	return e.w.Error()
}

// line writes the fields. A line of one empty field would be an empty line,
// which readers skip, so that field gets quotes.
func (e *csvEncoder) line() error {
	if len(e.fields) != 1 || e.fields[0] != "" {
		return e.w.Write(e.fields)
	}
	e.w.Flush()
	_, err := io.WriteString(e.raw, "\"\"\n")
	return err
}

// Close writes what is still buffered.
func (e *csvEncoder) Close(query.Stats) error {
	e.w.Flush()
	return e.w.Error()
}
