package queryapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// compareAnswer is what /api/v1/compare answers with.
type compareAnswer struct {
	Sampled    float64      `json:"sampled"`
	Selected   int64        `json:"selected"`
	Rest       int64        `json:"rest"`
	Attributes []difference `json:"attributes"`
}

// difference is an attribute whose values are distributed differently in two
// selections. Shares are those of all records of a selection.
type difference struct {
	Key      string       `json:"key"`
	Score    float64      `json:"score"`
	Selected float64      `json:"selected"` // the share that has the attribute
	Rest     float64      `json:"rest"`
	Values   []valueShare `json:"values"`
}

type valueShare struct {
	Value    any     `json:"value"`
	Selected float64 `json:"selected"`
	Rest     float64 `json:"rest"`
}

const (
	// compareSample is how many records of each selection are looked at.
	compareSample = 10_000
	// comparedValues is how many different values of an attribute are told
	// apart. What is beyond is too rare to say anything.
	comparedValues = 2_000
	// comparedKeys is how many attributes are compared, and comparedTotal how many
	// values of all of them are told apart. comparedText is how much of a text
	// is compared, and comparedBytes about what a value takes.
	comparedKeys  = 2_000
	comparedTotal = 200_000
	comparedText  = 200
	comparedBytes = 128
	// shownValues is how many values of an attribute are in the answer.
	shownValues = 8
	// numberRanges is how many ranges many different numbers become.
	numberRanges = 10
)

// comparedColumns are the fixed columns that are compared. Ids and times are
// different in every record.
var comparedColumns = map[string][]string{
	"spans":   {"service", "name", "kind", "status", "status_message", "duration", "scope_name"},
	"logs":    {"service", "level", "event_name", "scope_name"},
	"metrics": {"service", "name", "type", "unit", "scope_name"},
}

// compare answers with the attributes that distinguish a selection from the rest.
func compare(l *look) (any, error) {
	all, err := l.signalSelection()
	if err != nil {
		return nil, err
	}
	limit, err := l.number("limit", 1, maxValues, 20)
	if err != nil {
		return nil, err
	}
	text := l.params.Get("selection")
	if text == "" {
		return nil, badParam("selection", "which records are to be compared with the others?")
	}
	selected := all.clone()
	if err := l.condition(selected, "selection"); err != nil {
		return nil, err
	}
	rest := all.clone()
	if l.params.Get("against") != "" {
		if err := l.condition(rest, "against"); err != nil {
			return nil, err
		}
	} else {
		rest.and("(" + parenthesised(text) + ") IS NOT TRUE")
	}
	c := &comparison{counts: map[string]*valueCounts{}, grow: l.held.Grow}
	samples := make([]*sample, 2)
	for side, s := range []*selection{selected, rest} {
		if samples[side], err = l.sample(s, compareSample); err != nil {
			return nil, err
		}
		err := l.eachRecord(samples[side], comparedColumns[all.table], func(r record) error {
			return c.add(side, r)
		})
		if err != nil {
			return nil, err
		}
	}
	out := compareAnswer{Selected: samples[0].rows, Rest: samples[1].rows, Sampled: 1}
	if total := samples[0].total + samples[1].total; total > 0 {
		out.Sampled = float64(out.Selected+out.Rest) / float64(total)
	}
	out.Attributes = c.differences([2]int64{out.Selected, out.Rest})
	out.Attributes = out.Attributes[:min(len(out.Attributes), limit)]
	return out, nil
}

// comparison counts the values of attributes in two selections.
type comparison struct {
	counts map[string]*valueCounts
	values int // of all attributes
	grow   func(bytes int64) error
}

// valueCounts are how often an attribute has each of its values, by selection.
type valueCounts struct {
	present [2]int64
	numbers [2]int64 // that are numbers
	values  map[any]*[2]int64
}

func (c *comparison) add(side int, r record) error {
	before := c.values
	for key, v := range r {
		counts := c.counts[key]
		if counts == nil {
			if len(c.counts) == comparedKeys {
				continue
			}
			counts = &valueCounts{values: map[any]*[2]int64{}}
			c.counts[key] = counts
		}
		if counts.add(side, v, c.values < comparedTotal) {
			c.values++
		}
	}
	return c.grow(int64(c.values-before) * (comparedText + comparedBytes))
}

// add counts a value, and returns true for one that is told apart from now on,
// which is only done where there is room.
func (c *valueCounts) add(side int, v any, room bool) bool {
	c.present[side]++
	switch t := v.(type) {
	case json.RawMessage:
		v = string(t)
	case []byte:
		v = strconv.Quote(string(t))
	case time.Duration:
		v = int64(t)
	}
	switch t := v.(type) {
	case int64, float64:
		c.numbers[side]++
	case string:
		v = strings.Clone(t[:min(len(t), comparedText)]) // the rest is not to be held on to
	}
	n := c.values[v]
	if n == nil {
		if !room || len(c.values) == comparedValues && !c.mostlyNumbers() {
			return false
		}
		n = new([2]int64)
		c.values[v] = n
	}
	n[side]++
	return n[0]+n[1] == 1
}

func (c *valueCounts) mostlyNumbers() bool {
	return c.numbers[0]+c.numbers[1] == c.present[0]+c.present[1]
}

// differences returns the attributes by how much they differ.
func (c *comparison) differences(total [2]int64) []difference {
	list := []difference{}
	for key, counts := range c.counts {
		if key == "resource['service.name']" {
			continue // the column service
		}
		if d := counts.difference(total); d.Score > 0 {
			d.Key = key
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b difference) int { return cmp.Or(cmp.Compare(b.Score, a.Score), cmp.Compare(a.Key, b.Key)) })
	return list
}

func (c *valueCounts) difference(total [2]int64) difference {
	var d difference
	share := func(n [2]int64) [2]float64 {
		var s [2]float64
		for side := range s {
			if total[side] > 0 {
				s[side] = float64(n[side]) / float64(total[side])
			}
		}
		return s
	}
	present := share(c.present)
	d.Selected, d.Rest = present[0], present[1]
	values := c.values
	if c.mostlyNumbers() && len(values) > numberRanges {
		values = ranges(values)
	}
	// Values that hardly anyone has count as one: of ids, each of which is in one
	// record, the two selections have none in common, which says nothing.
	other := c.present
	least := max(2, (total[0]+total[1])/1000)
	var sum [2]float64
	for v, n := range values {
		if n[0]+n[1] < least && len(values) > shownValues {
			continue
		}
		other[0], other[1] = other[0]-n[0], other[1]-n[1]
		s := share(*n)
		sum[0], sum[1] = sum[0]+s[0], sum[1]+s[1]
		d.Score += divergence(s[0], s[1])
		d.Values = append(d.Values, valueShare{v, s[0], s[1]})
	}
	s := share(other)
	d.Score += divergence(s[0], s[1])
	d.Score += divergence(1-present[0], 1-present[1]) // those without the attribute
	d.Score = math.Round(d.Score*1e6) / 1e6
	slices.SortFunc(d.Values, func(a, b valueShare) int {
		return cmp.Or(cmp.Compare(math.Abs(b.Selected-b.Rest), math.Abs(a.Selected-a.Rest)),
			cmp.Compare(b.Selected+b.Rest, a.Selected+a.Rest), cmp.Compare(fmt.Sprint(a.Value), fmt.Sprint(b.Value)))
	})
	d.Values = append([]valueShare{}, d.Values[:min(len(d.Values), shownValues)]...)
	return d
}

// divergence is what a value that has the shares p and q of two distributions
// adds to their Jensen-Shannon divergence, in bits. Unlike that of Kullback and
// Leibler it is finite for values that only one of them has.
func divergence(p, q float64) float64 {
	m, sum := (p+q)/2, 0.0
	for _, x := range []float64{p, q} {
		if x > 0 {
			sum += x / 2 * math.Log2(x/m)
		}
	}
	return sum
}

// ranges puts numbers into ranges that hold about as many each.
func ranges(values map[any]*[2]int64) map[any]*[2]int64 {
	type number struct {
		v float64
		n *[2]int64
	}
	sorted, total := make([]number, 0, len(values)), int64(0)
	for v, n := range values {
		f, ok := v.(float64)
		if !ok {
			f = float64(v.(int64)) // add counted it as a number
		}
		sorted, total = append(sorted, number{f, n}), total+n[0]+n[1]
	}
	slices.SortFunc(sorted, func(a, b number) int { return cmp.Compare(a.v, b.v) })
	out := map[any]*[2]int64{}
	var sum [2]int64
	var done int64
	from := 0
	for i, x := range sorted {
		sum[0], sum[1] = sum[0]+x.n[0], sum[1]+x.n[1]
		last := i == len(sorted)-1
		if !last && (done+sum[0]+sum[1])*numberRanges < total*int64(len(out)+1) {
			continue
		}
		end, bracket := x.v, "]"
		if !last {
			end, bracket = sorted[i+1].v, ")"
		}
		out["["+short(sorted[from].v)+", "+short(end)+bracket] = &[2]int64{sum[0], sum[1]}
		done, sum, from = done+sum[0]+sum[1], [2]int64{}, i+1
	}
	return out
}

func short(f float64) string { return strconv.FormatFloat(f, 'g', 6, 64) }
