package queryapi

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query"
)

// sample is what a call looks at of a selection that is too large.
type sample struct {
	*selection
	total int64 // records of the whole selection
	rows  int64 // that were looked at so far
	// stride is of how many records one is looked at.
	stride int64
	// The first and the last time of the whole selection; zero without any.
	first, last time.Time
}

// share returns what share of the selection was looked at.
func (s *sample) share() float64 {
	if s.total == 0 {
		return 1
	}
	return float64(s.rows) / float64(s.total)
}

// sample narrows a selection to about so many records at most. It takes those
// whose time in nanoseconds is a multiple of a prime: that is even over the
// range, the same each time, and needs no order. Of times in whole seconds it
// works too, since no power of ten has a prime above 5 for a factor.
func (l *look) sample(s *selection, most int64) (*sample, error) {
	return l.sampleOf(s, "count(*)", most)
}

// sampleOf is sample of those records of a selection that an aggregate counts;
// that the others are left out is for the caller to say.
func (l *look) sampleOf(s *selection, count string, most int64) (*sample, error) {
	rows, err := l.selectRows(s, count+", min(timestamp), max(timestamp)", "")
	if err != nil {
		return nil, err
	}
	out := &sample{selection: s.clone(), stride: 1}
	out.total, _ = rows[0][0].(int64)
	out.first, _ = rows[0][1].(time.Time)
	out.last, _ = rows[0][2].(time.Time)
	if out.total > most {
		out.stride = max((out.total+most-1)/most, 7)
		for !big.NewInt(out.stride).ProbablyPrime(0) {
			out.stride++
		}
		out.and(fmt.Sprintf("timestamp::int %% %d = 0", out.stride))
	}
	return out, nil
}

// record is one record of a sample: the values of its fixed columns and
// attributes by how a condition names them.
type record map[string]any

// eachRecord calls f with the records of a sample, each of which is valid during
// the call.
func (l *look) eachRecord(s *sample, fixed []string, f func(r record) error) error {
	items := strings.Join(append(append([]string(nil), fixed...), "attributes", "resource", "scope"), ", ")
	names, err := l.names(s.table)
	if err != nil {
		return err
	}
	r := record{}
	// Many records have the same resource.
	places := []struct {
		place string
		last  string
		attrs map[string]any
	}{{place: "record"}, {place: "resource"}, {place: "scope"}}
	_, err = l.each(s.sql(items, ""), s.args, func(b *query.Batch, i int) error {
		s.rows++
		clear(r)
		for col, name := range fixed {
			if v := b.Value(i, col); v != nil && v != "" {
				r[name] = v
			}
		}
		for p := range places {
			at := &places[p]
			text, _ := b.Text(i, len(fixed)+p)
			if text != at.last || at.attrs == nil {
				at.last, at.attrs = strings.Clone(text), map[string]any{}
				var attrs map[string]any
				d := json.NewDecoder(strings.NewReader(text))
				d.UseNumber()
				if text != "" && d.Decode(&attrs) != nil {
					continue
				}
				for key, v := range attrs {
					at.attrs[names.of(at.place, key)] = plainValue(v)
				}
			}
			maps.Copy(r, at.attrs)
		}
		return f(r)
	})
	return err
}

// plainValue returns an attribute as a value of a map key: arrays and maps are
// JSON text.
func plainValue(v any) any {
	switch v := plain(v).(type) {
	case []any, map[string]any:
		text, _ := json.Marshal(v) // it came from JSON
		return json.RawMessage(text)
	default:
		return v
	}
}

// maxNames is how many names are remembered: senders may have any number of keys.
const maxNames = 10_000

// names writes the names of attributes as the query language has them, each
// once.
type names struct {
	fixed map[string]bool
	known map[[2]string]string
}

func (l *look) names(table string) (*names, error) {
	columns, err := l.fixedColumns(table)
	n := &names{fixed: map[string]bool{"attributes": true, "resource": true, "scope": true}, known: map[[2]string]string{}}
	for _, c := range columns {
		n.fixed[c.Name] = true
	}
	return n, err
}

// fixedColumns returns the columns that a table has whoever sends what.
func (l *look) fixedColumns(table string) ([]query.Column, error) {
	res, err := l.engine.Query(l.ctx, "SELECT * FROM "+table+" LIMIT 0")
	if err != nil {
		return nil, err
	}
	return res.Columns[:len(res.Columns)-1], nil // the last is attributes
}

func (n *names) of(place, key string) string {
	id := [2]string{place, key}
	name, ok := n.known[id]
	if !ok {
		name = n.written(place, key)
		if len(n.known) < maxNames {
			n.known[id] = name
		}
	}
	return name
}

// written returns the shortest name. That of a resource's attribute says so,
// since a record may have one with the same key.
func (n *names) written(place, key string) string {
	quoted := "['" + strings.ReplaceAll(key, "'", "''") + "']"
	if place != "record" {
		return place + quoted
	}
	if n.fixed[strings.ToLower(key)] || key == "" || strings.Contains(key, `"`) {
		return "attributes" + quoted
	}
	if isName(key) {
		return key
	}
	return `"` + key + `"`
}

// isName tells whether a key is a name as it is.
func isName(key string) bool {
	for part := range strings.SplitSeq(key, ".") {
		for i, c := range []byte(part) {
			if letter := c == '_' || c|0x20 >= 'a' && c|0x20 <= 'z'; !letter && (i == 0 || c < '0' || c > '9') {
				return false
			}
		}
		if part == "" {
			return false
		}
	}
	if strings.ContainsAny(key, "._") {
		return true
	}
	// The words that stand for something else are of letters alone.
	_, err := query.Parse("SELECT " + key)
	return err == nil && !slices.Contains([]string{"true", "false", "null"}, strings.ToLower(key))
}
