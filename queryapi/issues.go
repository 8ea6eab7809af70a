package queryapi

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query"
	"github.com/ttlog/ttlog/queryapi/internal/frames"
	"github.com/ttlog/ttlog/queryapi/internal/template"
)

// issuesAnswer is what /api/v1/errors answers with.
type issuesAnswer struct {
	buckets
	Sampled float64  `json:"sampled"`
	Dropped int64    `json:"dropped"` // errors of issues that there is no room for
	Issues  []*issue `json:"issues"`
}

// issue is what errors have in common: their type, the message without what
// varies, and the functions that failed.
type issue struct {
	ID         string      `json:"id"`
	Type       string      `json:"type"`
	Message    string      `json:"message"`
	Sample     string      `json:"sample"`
	Frames     []string    `json:"frames"`
	Count      int64       `json:"count"`
	First      time.Time   `json:"first"`
	Last       time.Time   `json:"last"`
	Series     []int64     `json:"series"`
	Services   textSet     `json:"services"`
	Versions   textSet     `json:"versions"`
	Operations textSet     `json:"operations"`
	Signals    textSet     `json:"signals"`
	TraceID    *string     `json:"trace_id"`
	SpanID     *string     `json:"span_id"`
	State      string      `json:"state"`
	Resolved   *resolution `json:"resolved"`
}

// resolution tells when somebody thought an issue to be over.
type resolution struct {
	At   time.Time `json:"at"`
	Note string    `json:"note"`
}

// textSet is a few texts, which is a sorted list in JSON.
type textSet map[string]bool

// maxSet is how many texts an issue names of each kind.
const maxSet, maxSetText = 20, 256

func (s textSet) add(text string) {
	if text != "" && len(s) < maxSet && !s[text] {
		s[valid(text[:min(len(text), maxSetText)])] = true
	}
}

// MarshalJSON writes the list.
func (s textSet) MarshalJSON() ([]byte, error) {
	return json.Marshal(append([]string{}, slices.Sorted(maps.Keys(s))...))
}

const (
	// errorSample is how many records of each signal are looked at.
	errorSample = 50_000
	// maxIssues is how many issues are told apart, and issueBytes about what
	// one takes.
	maxIssues  = 2_000
	issueBytes = 8 << 10
	// issueFrames is how many functions are shown, and idFrames of how many an
	// issue's id is made: those below often differ with who called.
	issueFrames, idFrames = 5, 3
	maxIssueMessage       = 300
)

// failure is one error.
type failure struct {
	signal, service, version, operation string
	at                                  int64
	trace, span                         string // raw
	typ, message, stack                 string
}

// issueBuilder puts errors into issues.
type issueBuilder struct {
	*look
	buckets buckets
	byKey   map[string]*issue
	dropped int64
	stacks  map[string][]string // the functions of those that came lately
}

// issues answers with the errors of spans and log records in issues.
func issues(l *look) (any, error) {
	limit, err := l.number("limit", 1, maxIssues, 100)
	if err != nil {
		return nil, err
	}
	state, err := l.oneOf("state", "", "open", "resolved", "regressed")
	if err != nil {
		return nil, err
	}
	signal, err := l.oneOf("signal", "", "spans", "logs")
	if err != nil {
		return nil, err
	}
	parts, err := l.errorSamples(signal)
	if err != nil {
		return nil, err
	}
	b, err := l.bucketsOf(parts)
	if err != nil {
		return nil, err
	}
	builder := &issueBuilder{look: l, buckets: b, byKey: map[string]*issue{}, stacks: map[string][]string{}}
	var rows, all int64
	for _, s := range parts {
		if err := builder.read(s); err != nil {
			return nil, err
		}
		rows, all = rows+s.rows, all+s.rows*s.stride
	}
	out := issuesAnswer{buckets: b, Sampled: 1, Dropped: builder.dropped, Issues: []*issue{}}
	if all > 0 {
		out.Sampled = float64(rows) / float64(all)
	}
	known, err := l.resolutions()
	if err != nil {
		return nil, err
	}
	for _, i := range builder.byKey {
		i.judge(known[i.ID])
		if state == "" || i.State == state {
			out.Issues = append(out.Issues, i)
		}
	}
	slices.SortFunc(out.Issues, func(a, b *issue) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.ID, b.ID)) })
	out.Issues = out.Issues[:min(len(out.Issues), limit)]
	return out, nil
}

// errorSamples returns the records that may have errors, by signal. How many
// there are is told by what is cheap to count.
func (l *look) errorSamples(signal string) (parts []*sample, err error) {
	for _, of := range []struct{ table, cheap, all string }{
		{"spans", "error", "(error OR exceptions_count > 0)"},
		{"logs", "level >= 'ERROR'", "(level >= 'ERROR' OR attributes['exception.type'] IS NOT NULL)"},
	} {
		if signal != "" && signal != of.table {
			continue
		}
		s, err := l.selection(of.table)
		if err != nil {
			return nil, err
		}
		part, err := l.sampleOf(s, "count_if("+of.cheap+")", errorSample)
		if err != nil {
			return nil, err
		}
		part.and(of.all)
		parts = append(parts, part)
	}
	return parts, nil
}

// bucketsOf divides the range that samples have together.
func (l *look) bucketsOf(parts []*sample) (buckets, error) {
	n, err := l.number("buckets", 1, maxBuckets, defaultBuckets)
	if err != nil {
		return buckets{}, err
	}
	from, to := parts[0].from, parts[0].to
	for _, s := range parts {
		if s.first.IsZero() {
			continue
		}
		if parts[0].from.IsZero() && (from.IsZero() || s.first.Before(from)) {
			from = s.first
		}
		if parts[0].to.IsZero() && s.last.Add(1).After(to) {
			to = s.last.Add(1)
		}
	}
	if from.IsZero() {
		from = l.now
	}
	if !from.Before(to) {
		to = from.Add(time.Second)
	}
	return divide(from, to, n), nil
}

// read puts the errors of a sample into issues.
func (b *issueBuilder) read(s *sample) error {
	const version = "resource['service.version']::string"
	items, take := "timestamp, trace_id, span_id, service, "+version+", name, events, status_message, attributes['error.type']::string", b.span
	if s.table == "logs" {
		items = "timestamp, trace_id, span_id, service, " + version + ", event_name, body, attributes['exception.type']::string, attributes['exception.message']::string, attributes['exception.stacktrace']::string"
		take = b.logRecord
	}
	_, err := b.each(s.sql(items, ""), s.args, func(batch *query.Batch, i int) error {
		s.rows++
		text := func(col int) string { t, _ := batch.Text(i, col); return t }
		f := failure{signal: s.table, trace: text(1), span: text(2), service: text(3), version: text(4), operation: text(5)}
		f.at, _ = batch.Int(i, 0)
		return take(f, text)
	})
	return err
}

// span takes the exceptions among the events of a span, or the span itself.
func (b *issueBuilder) span(f failure, text func(col int) string) error {
	exceptions, err := exceptionsIn(text(6))
	if err != nil {
		return fmt.Errorf("the events of a span: %w", err)
	}
	for _, e := range exceptions {
		of := f
		of.typ, of.message, of.stack = e.Attributes.Type, e.Attributes.Message, e.Attributes.Stack
		if !e.Time.IsZero() {
			of.at = e.Time.UnixNano()
		}
		if err := b.add(of); err != nil {
			return err
		}
	}
	if len(exceptions) > 0 {
		return nil
	}
	f.typ, f.message = text(8), cmp.Or(text(7), f.operation)
	return b.add(f)
}

// logRecord takes a log record.
func (b *issueBuilder) logRecord(f failure, text func(col int) string) error {
	f.typ, f.message, f.stack = text(7), cmp.Or(text(8), text(6)), text(9)
	return b.add(f)
}

// exception is an event of a span as the semantic conventions have it.
type exception struct {
	Time       time.Time `json:"time"`
	Name       string    `json:"name"`
	Attributes struct {
		Type    string `json:"exception.type"`
		Message string `json:"exception.message"`
		Stack   string `json:"exception.stacktrace"`
	} `json:"attributes"`
}

func exceptionsIn(events string) ([]exception, error) {
	if !strings.Contains(events, `"name":"exception"`) {
		return nil, nil
	}
	var all []exception
	err := json.Unmarshal([]byte(events), &all)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		err = nil // an attribute of another type than a text is left out
	}
	return slices.DeleteFunc(all, func(e exception) bool { return e.Name != "exception" }), err
}

// add puts an error into its issue.
func (b *issueBuilder) add(f failure) error {
	message := template.Mask(f.message)
	if len(message) > maxIssueMessage {
		message = strings.ToValidUTF8(message[:maxIssueMessage], "")
	}
	top := b.top(f.stack)
	key := strings.Join(append([]string{f.typ, message}, top[:min(len(top), idFrames)]...), "\x00")
	i := b.byKey[key]
	if i == nil {
		if len(b.byKey) == maxIssues {
			b.dropped++
			return nil
		}
		if err := b.held.Grow(issueBytes); err != nil {
			return err
		}
		i = &issue{
			ID: issueID(key), Type: valid(f.typ[:min(len(f.typ), maxSetText)]), Message: message, Frames: append([]string{}, top...),
			First: time.Unix(0, f.at).UTC(), Last: time.Unix(0, f.at).UTC(), Series: make([]int64, b.buckets.n),
			Services: textSet{}, Versions: textSet{}, Operations: textSet{}, Signals: textSet{},
		}
		b.byKey[key] = i
	}
	i.count(f, b.buckets)
	return nil
}

// maxStacks is how many stack traces are known by their text: most are like one
// that came before.
const maxStacks, maxStackText = 64, 64 << 10

// top returns the functions at the top of a stack trace.
func (b *issueBuilder) top(stack string) []string {
	top, ok := b.stacks[stack]
	if !ok {
		if len(b.stacks) == maxStacks {
			clear(b.stacks)
		}
		top = frames.Top(stack, issueFrames)
		for i := range top {
			top[i] = valid(top[i][:min(len(top[i]), maxSetText)])
		}
		if len(stack) <= maxStackText {
			b.stacks[strings.Clone(stack)] = top
		}
	}
	return top
}

// valid returns a copy of a text that is UTF-8.
func valid(text string) string { return strings.Clone(strings.ToValidUTF8(text, "\ufffd")) }

func issueID(key string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key)) // never fails
	return fmt.Sprintf("%016x", h.Sum64())
}

func (i *issue) count(f failure, b buckets) {
	i.Count++
	at := time.Unix(0, f.at).UTC()
	if at.Before(i.First) {
		i.First = at
	}
	if i.Count == 1 || !at.Before(i.Last) { // the sample is the last
		i.Last = at
		i.Sample = valid(f.message[:min(len(f.message), maxSampleText)])
		if f.trace != "" {
			i.TraceID, i.SpanID = new(fmt.Sprintf("%x", f.trace)), new(fmt.Sprintf("%x", f.span))
		}
	}
	if at, ok := b.at(f.at); ok {
		i.Series[at]++
	}
	i.Services.add(f.service)
	i.Versions.add(f.version)
	i.Operations.add(f.operation)
	i.Signals.add(f.signal)
}
