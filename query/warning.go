package query

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Warning is something about the text of a query that is no error, but may make
// the answer another than was meant: a name, say, that no row has.
type Warning struct {
	// Line and Column say where, as in an [Error].
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Message string `json:"message"`
}

// String returns the position and the message.
func (w Warning) String() string {
	return "line " + strconv.Itoa(w.Line) + ", column " + strconv.Itoa(w.Column) + ": " + w.Message
}

// Warner is a [Sink] that takes warnings. The method is called once at most,
// before Columns, and only where there are any. An error ends the query.
type Warner interface {
	Warnings(list []Warning) error
}

// warn notes a warning about the byte offset pos, once for each message.
func (b *binder) warn(pos int, format string, args ...any) {
	msg := fmt.Sprintf(format, args...)
	if len(b.warnings) == maxWarnings || slices.ContainsFunc(b.warnings, func(w Warning) bool { return w.Message == msg }) {
		return
	}
	line, col := position(b.sql, pos)
	b.warnings = append(b.warnings, Warning{Line: line, Column: col, Message: msg})
}

// tell gives the warnings to a sink that takes them, in the order of the text.
func (b *binder) tell(sink Sink) error {
	w, ok := sink.(Warner)
	if !ok || len(b.warnings) == 0 {
		return nil
	}
	slices.SortStableFunc(b.warnings, func(x, y Warning) int {
		return cmp.Or(cmp.Compare(x.Line, y.Line), cmp.Compare(x.Column, y.Column))
	})
	return w.Warnings(b.warnings)
}
