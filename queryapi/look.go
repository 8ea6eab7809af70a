package queryapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
)

// look is a call of those that look at telemetry, under way: what it was asked,
// and the header of its answer. One goroutine uses it.
type look struct {
	*api
	ctx    context.Context
	params url.Values
	path   func(name string) string
	header http.Header
	now    time.Time
	engine *query.Engine          // of the api, which does not wait any more
	held   *membudget.Reservation // what the call holds beside its queries
}

// lookReserve is the memory that a call begins with beside that of its queries.
const lookReserve = 256 << 10

// looks returns the handler of a call that answers with a value for JSON.
func (a *api) looks(answer func(l *look) (any, error), names ...string) http.HandlerFunc {
	return takes(func(w http.ResponseWriter, r *http.Request) {
		out := newClientWriter(w)
		l := a.look(out, r)
		var err error
		var v any
		if l.held, err = a.Query.Memory.Reserve(membudget.WithCut(r.Context(), out.cut), "queries", lookReserve); err == nil {
			defer l.held.Close()
			v, err = answer(l)
		}
		if err != nil {
			a.failQuery(out, r, err)
			return
		}
		l.held.Stall() // until the reader has taken it
		defer l.held.Resume()
		writeJSON(out, v)
	}, names...)
}

// look begins a call, which waits for what was acknowledged before it.
func (a *api) look(w http.ResponseWriter, r *http.Request) *look {
	return &look{
		api: a, ctx: r.Context(), params: r.URL.Query(), path: r.PathValue, header: w.Header(),
		engine: a.catchUp(w, r), now: a.now(),
	}
}

func (a *api) now() time.Time {
	if a.Query.Now != nil {
		return a.Query.Now()
	}
	return time.Now()
}

// paramError is a fault of one parameter of the URL.
type paramError struct {
	name string
	err  error
}

func (e *paramError) Error() string { return e.name + ": " + e.err.Error() }
func (e *paramError) Unwrap() error { return e.err }

func badParam(name, format string, args ...any) error {
	return &paramError{name, fmt.Errorf(format, args...)}
}

// notFoundError is about something that is not there.
type notFoundError string

func (e notFoundError) Error() string { return string(e) }

// number reads a parameter, otherwise where it is absent.
func (l *look) number(name string, least, most, otherwise int) (int, error) {
	text := l.params.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < least || n > most {
		return 0, badParam(name, "%.40q is no number from %d to %d", text, least, most)
	}
	return n, nil
}

// oneOf reads a parameter that is one of a few words, the first where it is
// absent.
func (l *look) oneOf(name string, words ...string) (string, error) {
	text := l.params.Get(name)
	if text == "" {
		return words[0], nil
	}
	for _, word := range words {
		if text == word {
			return word, nil
		}
	}
	return "", badParam(name, "%.40q is not one of %s%s", text, strings.Join(slices.DeleteFunc(slices.Clone(words), func(w string) bool { return w == "" }), ", "), suggestion(text, words))
}

// rows runs a query whose answer is short.
func (l *look) rows(sql string, args map[string]any) ([][]any, error) {
	res, err := l.engine.Query(l.ctx, sql, args)
	if err != nil {
		return nil, ours(err)
	}
	return res.Rows, nil
}

// each runs a query and calls row with each of its rows.
func (l *look) each(sql string, args map[string]any, row func(b *query.Batch, i int) error) (query.Stats, error) {
	st, err := l.inner.Stream(l.ctx, sql, []any{args}, eachRow(row))
	return st, ours(err)
}

// eachRow is a sink that is called with one row after the other.
type eachRow func(b *query.Batch, i int) error

// Columns has nothing to learn.
func (eachRow) Columns([]query.Column) error { return nil }

// Batch passes the rows on.
func (f eachRow) Batch(b *query.Batch) error {
	for i := range b.Len() {
		if err := f(b, i); err != nil {
			return err
		}
	}
	return nil
}

// ours takes the place from an error about the text of a query that the client
// has not seen. What it wrote itself was checked before, see check.
func ours(err error) error {
	if q, ok := errors.AsType[*query.Error](err); ok {
		placeless := *q
		placeless.Line, placeless.Column = 0, 0
		return &placeless
	}
	return err
}

// check looks for faults in a piece of a query that is a parameter of the URL:
// a condition, or an expression where head is SELECT. tail is what follows it.
// Warnings go into the header. What passes can stand in parentheses in another
// query without becoming something else.
func (l *look) check(name, head, text, tail string) error {
	if _, err := query.Parse(head + "\n" + text); err != nil {
		return inParam(name, err)
	}
	res, err := l.engine.Query(l.ctx, "EXPLAIN "+head+"\n(\n"+text+"\n)"+tail)
	if err != nil {
		q, ok := errors.AsType[*query.Error](err)
		if !ok {
			return err
		}
		moved := *q
		moved.Line--
		return inParam(name, &moved)
	}
	return l.warn(res.Warnings, 2)
}

// inParam moves the place of an error from the second line of a query to the
// first of the parameter that it came from.
func inParam(name string, err error) error {
	if q, ok := errors.AsType[*query.Error](err); ok {
		moved := *q
		moved.Line = max(moved.Line-1, 1)
		return &paramError{name, &moved}
	}
	return err
}

// warn puts warnings into the header whose lines are so many too high.
func (l *look) warn(list []query.Warning, lines int) error {
	if len(list) == 0 {
		return nil
	}
	before, err := ReadWarnings(&http.Response{Header: l.header})
	if err != nil {
		return err
	}
	for _, w := range list {
		w.Line -= lines
		before = append(before, w)
	}
	raw, err := json.Marshal(before[:min(len(before), maxWarnings)])
	if err == nil {
		l.header.Set(warningsHeader, string(ascii(raw)))
	}
	return err
}

// maxWarnings is how many warnings an answer has; they travel in a header.
const maxWarnings = 10

// queryJSON returns a value of a query as JSON, as answers to queries have it.
func queryJSON(v any) []byte { return query.AppendJSON(nil, v) }
