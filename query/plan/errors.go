package plan

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrLimit is what every error about a limit of the engine wraps: the memory
// budget, the row limit, or the timeout. The query was understood; it asked
// for more than it may have.
var ErrLimit = errors.New("limit reached")

// Error is an error in the text of a query: it cannot be parsed, names
// something that is not there, or puts types together that do not go
// together. Everything else that Query returns is about running it.
type Error struct {
	// Line and Column say where, both counted from 1; Column counts
	// characters, not bytes. Both are 0 where the error has no place in the
	// text, such as a parameter that was not given.
	Line, Column int
	// Found is what stands there, quoted or named ("end of query").
	Found string
	// Expected is what could have stood there, for a syntax error.
	Expected string
	// Message is the reason where it is not that something else was expected.
	Message string
}

// Error returns the position, what was found, and what was expected.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString("query: ")
	if e.Line > 0 {
		fmt.Fprintf(&b, "line %d, column %d: ", e.Line, e.Column)
	}
	switch {
	case e.Expected != "" && e.Message == "":
		fmt.Fprintf(&b, "found %s, expected %s", e.Found, e.Expected)
	default:
		b.WriteString(e.Message)
	}
	return b.String()
}

// ErrorAt builds an Error about the byte offset pos of the query text.
func ErrorAt(src string, pos int, format string, args ...any) *Error {
	line, col := Position(src, pos)
	return &Error{Line: line, Column: col, Message: fmt.Sprintf(format, args...)}
}

// Position turns a byte offset into a line and a column in characters.
func Position(src string, pos int) (line, col int) {
	if pos > len(src) {
		pos = len(src)
	}
	line, col = 1, 1
	for _, r := range src[:pos] {
		if r == '\n' {
			line, col = line+1, 1
		} else {
			col++
		}
	}
	return line, col
}

// LimitError reports a limit with the words that follow the package prefix.
func LimitError(format string, args ...any) error {
	return fmt.Errorf("query: "+format+": %w", append(args, ErrLimit)...)
}

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
