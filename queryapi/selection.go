package queryapi

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// selection is what a call looks at: the records of a table that meet
// conditions and lie in a range of time.
type selection struct {
	table      string
	conditions []string
	args       map[string]any
	from, to   time.Time // [from, to); zero where there is no bound
}

// selected are the parameters that selection reads.
var selected = []string{"where", "service", "from", "to"}

// with returns the names of the parameters of a call that looks at a selection.
func with(more ...string) []string { return append(slices.Clone(selected), more...) }

// selection reads the parameters of a selection from a table.
func (l *look) selection(table string) (*selection, error) {
	s := &selection{table: table, args: map[string]any{}}
	for name, to := range map[string]*time.Time{"from": &s.from, "to": &s.to} {
		if text := l.params.Get(name); text != "" {
			t, err := parseTime(text, l.now)
			if err != nil {
				return nil, &paramError{name, err}
			}
			*to = t
		}
	}
	if !s.from.IsZero() && !s.to.IsZero() && !s.from.Before(s.to) {
		return nil, badParam("to", "the range ends before it begins")
	}
	s.bound()
	if name, ok := l.params["service"]; ok && name[0] != "" {
		s.and("service = :q_service", "q_service", name[0])
	}
	if err := l.condition(s, "where"); err != nil {
		return nil, err
	}
	return s, nil
}

// condition adds the condition in a parameter, where there is one.
func (l *look) condition(s *selection, name string) error {
	text := l.params.Get(name)
	if text == "" {
		return nil
	}
	if err := l.check(name, "SELECT count(*) FROM "+s.table+" WHERE", text, ""); err != nil {
		return err
	}
	s.and(parenthesised(text))
	return nil
}

// parenthesised puts what a client wrote where it cannot reach what is around
// it: a comment to the end of the line ends with its line.
func parenthesised(text string) string { return "(\n" + text + "\n)" }

// tables are what signal may be.
var signals = []string{"spans", "logs", "metrics"}

// signalSelection reads the parameters of a selection from the table that the
// parameter signal names.
func (l *look) signalSelection() (*selection, error) {
	table, err := l.oneOf("signal", signals...)
	if err != nil {
		return nil, err
	}
	return l.selection(table)
}

// and adds a condition, and the value of the parameter that it uses.
func (s *selection) and(condition string, nameAndValue ...any) {
	s.conditions = append(s.conditions, condition)
	if len(nameAndValue) == 2 {
		s.args[fmt.Sprint(nameAndValue[0])] = nameAndValue[1]
	}
}

// bound adds the range. It has to be called again where the range changes.
func (s *selection) bound() {
	s.conditions = slices.DeleteFunc(s.conditions, func(c string) bool { return c == fromBound || c == toBound })
	if !s.from.IsZero() {
		s.and(fromBound, "q_from", s.from)
	}
	if !s.to.IsZero() {
		s.and(toBound, "q_to", s.to)
	}
}

const (
	fromBound = "timestamp >= :q_from"
	toBound   = "timestamp < :q_to"
)

// clone returns a selection that can be narrowed.
func (s *selection) clone() *selection {
	c := *s
	c.conditions, c.args = slices.Clone(s.conditions), maps.Clone(s.args)
	return &c
}

// sql returns SELECT items FROM the selection, and what follows.
func (s *selection) sql(items, rest string) string {
	sql := "SELECT " + items + " FROM " + s.table
	if len(s.conditions) > 0 {
		sql += " WHERE " + strings.Join(s.conditions, " AND ")
	}
	return sql + " " + rest
}

// rows runs a query over the selection.
func (l *look) selectRows(s *selection, items, rest string) ([][]any, error) {
	return l.rows(s.sql(items, rest), s.args)
}

// parseTime reads a time as the parameters from and to have it.
func parseTime(text string, now time.Time) (time.Time, error) {
	if rest, ok := strings.CutPrefix(text, "now"); ok {
		if rest == "" {
			return now, nil
		}
		d, err := parseAge(rest)
		return now.Add(d), err
	}
	for _, layout := range []string{time.RFC3339Nano, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return inRange(t)
		}
	}
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		// A float64 has no nanoseconds of today; its digits may.
		whole, fraction, _ := strings.Cut(text, ".")
		sec, err := strconv.ParseInt(whole, 10, 64)
		if err == nil && len(fraction) <= 9 {
			nanos, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64)
			if strings.HasPrefix(whole, "-") {
				nanos = -nanos
			}
			return inRange(time.Unix(sec, nanos).UTC())
		}
		return inRange(time.Unix(int64(seconds), 0).UTC())
	}
	return time.Time{}, fmt.Errorf("%.40q is no time such as 2026-01-02T15:04:05Z, 1767366245.5 or now-1h", text)
}

// parseAge reads what follows now: -1h30m, -7d, +5m.
func parseAge(text string) (time.Duration, error) {
	unit := map[byte]time.Duration{'d': 24 * time.Hour, 'w': 7 * 24 * time.Hour}[text[len(text)-1]]
	if unit > 0 {
		if n, err := strconv.ParseInt(text[:len(text)-1], 10, 64); err == nil && n > -40_000 && n < 40_000 {
			return time.Duration(n) * unit, nil
		}
	}
	d, err := time.ParseDuration(text)
	if err != nil || text[0] != '-' && text[0] != '+' {
		return 0, fmt.Errorf("%.40q is no distance from now such as -1h or -7d", text)
	}
	return d, nil
}

// The times that nanoseconds since 1970 can tell.
var firstTime, lastTime = time.Unix(0, -1<<63).UTC(), time.Unix(0, 1<<63-1).UTC()

func inRange(t time.Time) (time.Time, error) {
	if t.Before(firstTime) || t.After(lastTime) {
		return t, fmt.Errorf("%s is not between %d and %d", t.Format(time.RFC3339), firstTime.Year(), lastTime.Year())
	}
	return t, nil
}

// expressions reads a parameter that is a list of expressions over a table,
// divided by commas, and returns each in parentheses.
func (l *look) expressions(name, table string, most int) (exprs []expression, err error) {
	text := l.params.Get(name)
	if text == "" {
		return nil, nil
	}
	items := splitList(text)
	if len(items) > most {
		return nil, badParam(name, "%d expressions, at most %d", len(items), most)
	}
	for _, item := range items {
		if err := l.check(name, "SELECT", item, " FROM "+table); err != nil {
			return nil, err
		}
		exprs = append(exprs, expression{text: item, sql: parenthesised(item)})
	}
	return exprs, nil
}

// expression is one that a client wrote, and what stands for it in a query.
type expression struct{ text, sql string }

// splitList divides a list at its commas, but for those in quotes, parentheses
// and brackets.
func splitList(text string) (items []string) {
	depth, from := 0, 0
	var quote rune
	for i, r := range text {
		switch {
		case quote != 0:
			if r == quote {
				quote = 0
			}
		case r == '\'' || r == '"':
			quote = r
		case r == '(' || r == '[':
			depth++
		case r == ')' || r == ']':
			depth--
		case r == ',' && depth <= 0:
			items, from = append(items, strings.TrimSpace(text[from:i])), i+1
		}
	}
	return append(items, strings.TrimSpace(text[from:]))
}
