package queryapi

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/query"
)

// contextAnswer is what /api/v1/context answers with.
type contextAnswer struct {
	Before []json.RawMessage `json:"before"`
	At     []json.RawMessage `json:"at"`
	After  []json.RawMessage `json:"after"`
}

// How many lines there are on each side.
const (
	defaultContext = 20
	maxContext     = 1000
)

// logContext answers with the log records around a time, of one service and
// instance.
func logContext(l *look) (any, error) {
	s := &selection{table: "logs", args: map[string]any{}}
	at, err := parseTime(l.params.Get("timestamp"), l.now)
	if err != nil {
		return nil, &paramError{"timestamp", err}
	}
	before, err := l.number("before", 0, maxContext, defaultContext)
	if err != nil {
		return nil, err
	}
	after, err := l.number("after", 0, maxContext, defaultContext)
	if err != nil {
		return nil, err
	}
	for param, expr := range map[string]string{"service": "service", "instance": "resource['service.instance.id']::string"} {
		if v := l.params.Get(param); v != "" {
			s.and(expr+" = :q_"+param, "q_"+param, v)
		}
	}
	if err := l.condition(s, "where"); err != nil {
		return nil, err
	}
	s.args["q_at"] = at
	var out contextAnswer
	for _, side := range []struct {
		to        *[]json.RawMessage
		condition string
		order     string
		limit     int
	}{
		{&out.Before, "timestamp < :q_at", "DESC", before},
		{&out.At, "timestamp = :q_at", "ASC", maxContext},
		{&out.After, "timestamp > :q_at", "ASC", after},
	} {
		c := s.clone()
		c.and(side.condition)
		if *side.to, err = l.objects(c, "*, resource", fmt.Sprintf("ORDER BY timestamp %s LIMIT %d", side.order, side.limit)); err != nil {
			return nil, err
		}
	}
	slices.Reverse(out.Before)
	return out, nil
}

// objects returns rows as JSON objects.
func (l *look) objects(s *selection, items, rest string) ([]json.RawMessage, error) {
	rows := &objectRows{list: []json.RawMessage{}, held: l.held}
	_, err := l.engine.Stream(l.ctx, s.sql(items, rest), []any{s.args}, rows)
	return rows.list, ours(err)
}

// objectRows keeps rows as JSON objects, at most maxObjectBytes of them.
type objectRows struct {
	ndjsonEncoder
	list  []json.RawMessage
	bytes int
	held  *membudget.Reservation
}

// maxObjectBytes bounds an answer of whole records: some may be megabytes.
const maxObjectBytes = 64 << 20

// Batch keeps rows.
func (o *objectRows) Batch(b *query.Batch) error {
	for row := range b.Len() {
		object := o.appendObject(nil, b, row)
		if o.bytes += len(object); o.bytes > maxObjectBytes {
			return fmt.Errorf("the records are larger than %d MiB together; ask for fewer: %w", maxObjectBytes>>20, query.ErrLimit)
		}
		if err := o.held.Grow(int64(len(object))); err != nil {
			return err
		}
		o.list = append(o.list, object)
	}
	return nil
}
