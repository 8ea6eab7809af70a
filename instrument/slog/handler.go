package ttlogslog

import (
	"context"
	"log/slog"
	"slices"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/log"
)

// handler records and hands on. It is immutable.
type handler struct {
	next   slog.Handler // nil where there is none
	logger log.Logger
	level  slog.Leveler // nil: what next takes
	groups []group      // the open ones, outermost first; the first is the record itself
}

// group is what With has added to an open group so far.
type group struct {
	name  string
	attrs []attribute.KeyValue
	err   error
}

// NewHandler returns a handler that records what is logged and hands it on to
// next, which goes on doing what it does. A nil next is none: the record is all
// there is.
func NewHandler(next slog.Handler, opts ...Option) slog.Handler {
	c := newConfig(opts)
	return &handler{next: next, logger: c.loggers.Logger(c.scope), level: c.level, groups: make([]group, 1)}
}

// Enabled implements [slog.Handler].
func (h *handler) Enabled(ctx context.Context, l slog.Level) bool {
	return h.records(ctx, l) || h.next != nil && h.next.Enabled(ctx, l)
}

// records reports whether a record of this level becomes one of OpenTelemetry's.
func (h *handler) records(ctx context.Context, l slog.Level) bool {
	switch {
	case h.level != nil:
		if l < h.level.Level() {
			return false
		}
	case h.next != nil && !h.next.Enabled(ctx, l):
		return false
	}
	return h.logger.Enabled(ctx, log.EnabledParameters{Severity: severity(l)})
}

// Handle implements [slog.Handler]. It records first: what the next handler does
// may be the last thing that the process does.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	if h.records(ctx, r.Level) {
		rec := head(r)
		if !h.addPlain(&rec, r) {
			h.add(&rec, r)
		}
		h.logger.Emit(ctx, rec)
	}
	if h.next != nil && h.next.Enabled(ctx, r.Level) {
		return h.next.Handle(ctx, r)
	}
	return nil
}

// head returns what a record says beside its attributes.
func head(r slog.Record) (rec log.Record) {
	rec.SetTimestamp(r.Time)
	rec.SetBody(attribute.StringValue(r.Message))
	rec.SetSeverity(severity(r.Level))
	rec.SetSeverityText(r.Level.String())
	return rec
}

// maxPlain is how many attributes a record holds without memory of their own.
const maxPlain = 5

// addPlain adds the attributes of a record that has few, all of them plain, and no
// group around them: nearly every one. It takes no memory. It returns false, and
// has added nothing, for any other.
func (h *handler) addPlain(rec *log.Record, r slog.Record) bool {
	if len(h.groups) > 1 || r.NumAttrs() > maxPlain {
		return false
	}
	var attrs [maxPlain]attribute.KeyValue
	n := 0
	r.Attrs(func(a slog.Attr) bool {
		v, ok := scalar(a.Value)
		if !ok || a.Key == "" {
			return false
		}
		attrs[n] = attribute.KeyValue{Key: attribute.Key(a.Key), Value: v}
		n++
		return true
	})
	if n < r.NumAttrs() {
		return false
	}
	with := &h.groups[0]
	rec.AddAttributes(with.attrs...)
	rec.AddAttributes(attrs[:n]...)
	if with.err != nil {
		rec.SetErr(with.err)
	}
	return true
}

// add adds the attributes of any record.
func (h *handler) add(rec *log.Record, r slog.Record) {
	c := converter{left: maxValues, attrs: make([]attribute.KeyValue, 0, r.NumAttrs())}
	r.Attrs(func(a slog.Attr) bool {
		c.add(a, len(h.groups))
		return true
	})
	attrs, err := c.attrs, c.err
	for i := len(h.groups) - 1; ; i-- {
		g := &h.groups[i]
		if err == nil {
			err = g.err
		}
		if len(g.attrs) > 0 {
			// A copy: the handler is used by many at a time.
			attrs = append(slices.Clip(g.attrs), attrs...)
		}
		if i == 0 {
			break
		}
		if len(attrs) > 0 {
			attrs = []attribute.KeyValue{attribute.Map(g.name, attrs...)}
		}
	}
	rec.AddAttributes(attrs...)
	if err != nil {
		rec.SetErr(err)
	}
}

// severity returns the OpenTelemetry severity of a level: both count in fours,
// from another origin. What lies outside is the first or the last there is.
func severity(l slog.Level) log.Severity {
	const offset = slog.Level(log.SeverityInfo) - slog.LevelInfo
	return log.Severity(min(max(l+offset, slog.Level(log.SeverityTrace1)), slog.Level(log.SeverityFatal4)))
}

// WithAttrs implements [slog.Handler].
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	if len(attrs) == 0 {
		return h
	}
	h2 := *h
	h2.groups = slices.Clone(h.groups)
	g := &h2.groups[len(h2.groups)-1]
	c := converter{left: maxValues, attrs: slices.Clone(g.attrs), err: g.err}
	for _, a := range attrs {
		c.add(a, len(h.groups))
	}
	g.attrs, g.err = c.attrs, c.err
	if h.next != nil {
		h2.next = h.next.WithAttrs(attrs)
	}
	return &h2
}

// WithGroup implements [slog.Handler].
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	h2 := *h
	h2.groups = append(slices.Clip(h.groups), group{name: name})
	if h.next != nil {
		h2.next = h.next.WithGroup(name)
	}
	return &h2
}
