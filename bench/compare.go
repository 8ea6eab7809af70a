package bench

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"
)

// sameRows compares two answers row by row, whatever order they came in, and
// returns an error that shows the first rows that differ.
func (q question) sameRows(got, want [][]any) error {
	if len(got) != len(want) {
		return fmt.Errorf("%d rows, ClickHouse has %d", len(got), len(want))
	}
	if q.rows {
		return nil
	}
	for _, rows := range [][][]any{got, want} {
		slices.SortFunc(rows, func(a, b []any) int { return slices.CompareFunc(a, b, compareCells) })
	}
	for i := range got {
		if !slices.EqualFunc(got[i], want[i], q.sameCell) {
			return fmt.Errorf("%v, ClickHouse has %v", got[i], want[i])
		}
	}
	return nil
}

// sameCell compares two values: text as it is, times as such, and numbers with
// the tolerance of the question.
func (q question) sameCell(a, b any) bool {
	x, isNumber := a.(json.Number)
	y, also := b.(json.Number)
	if !isNumber || !also {
		return a == b
	}
	if x == y {
		return true
	}
	f, err := x.Float64()
	g, err2 := y.Float64()
	return err == nil && err2 == nil && math.Abs(f-g) <= q.within*math.Max(math.Abs(f), math.Abs(g))
}

// compareCells orders values so that equal answers stand in equal order:
// NULL, false, true, numbers, text.
func compareCells(a, b any) int {
	rank := func(v any) int {
		switch v := v.(type) {
		case nil:
			return 0
		case bool:
			if v {
				return 2
			}
			return 1
		case json.Number:
			return 3
		}
		return 4
	}
	if c := cmp.Compare(rank(a), rank(b)); c != 0 {
		return c
	}
	switch v := a.(type) {
	case json.Number:
		f, _ := v.Float64()
		g, _ := b.(json.Number).Float64()
		return cmp.Compare(f, g)
	case string:
		return strings.Compare(v, b.(string))
	}
	return 0
}

// decodeRows reads rows of JSON arrays, one behind the other. Times become one
// form.
func decodeRows(rows io.Reader) (list [][]any, err error) {
	d := json.NewDecoder(rows)
	d.UseNumber()
	for {
		var row []any
		if err := d.Decode(&row); errors.Is(err, io.EOF) {
			return list, nil
		} else if err != nil {
			return nil, err
		}
		for i := range row {
			row[i] = plain(row[i])
		}
		list = append(list, row)
	}
}

// plain gives values that both engines write in their own way one form: times,
// and arrays and maps as their JSON.
func plain(v any) any {
	switch v := v.(type) {
	case string:
		if t, err := time.Parse(time.RFC3339Nano, v); err == nil {
			return t.UTC().Format(time.RFC3339Nano)
		}
	case []any, map[string]any:
		text, err := json.Marshal(v)
		if err == nil {
			return string(bytes.TrimSpace(text))
		}
	}
	return v
}
