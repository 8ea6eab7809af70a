package query

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"
)

// params are the values of $1, $2, … or of :name.
type params struct {
	args  []any
	named map[string]any
}

func newParams(args []any) params {
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			return params{named: m}
		}
	}
	return params{args: args}
}

func (p params) lookup(name string) (any, error) {
	if n, err := strconv.Atoi(name); err == nil && p.named == nil {
		if n < 1 || n > len(p.args) {
			return nil, fmt.Errorf("parameter $%d was not given; there are %d", n, len(p.args))
		}
		return p.args[n-1], nil
	}
	v, ok := p.named[name]
	if !ok {
		return nil, fmt.Errorf("parameter %s was not given", clip(name))
	}
	return v, nil
}

func (p params) get(name string) (value, error) {
	v, err := p.lookup(name)
	if err != nil {
		return value{}, err
	}
	return paramValue(name, v)
}

// list returns the elements of a parameter that is a list.
func (p params) list(name string) ([]value, bool, error) {
	v, err := p.lookup(name)
	r := reflect.ValueOf(v)
	if _, bytes := v.([]byte); err != nil || bytes || r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return nil, false, err
	}
	if r.Len() > maxExprs {
		return nil, true, fmt.Errorf("parameter %s has %d elements, the limit is %d", clip(name), r.Len(), maxExprs)
	}
	out := make([]value, r.Len())
	for i := range out {
		if out[i], err = paramValue(name, r.Index(i).Interface()); err != nil {
			return nil, true, fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	return out, true, nil
}

// paramValue turns a Go value into a constant.
func paramValue(name string, v any) (value, error) {
	switch v := v.(type) {
	case nil:
		return value{}, nil
	case time.Time:
		return intValue(typeTime, v.UnixNano()), nil
	case time.Duration:
		return intValue(typeDur, int64(v)), nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return intValue(typeInt, n), nil
		}
		if f, err := v.Float64(); err == nil {
			return floatValue(f), nil
		}
	case []byte:
		return strValue(typeBytes, string(v)), nil
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.Bool:
		return boolValue(r.Bool()), nil
	case r.Kind() == reflect.String:
		return strValue(typeStr, r.String()), nil
	case r.CanInt():
		return intValue(typeInt, r.Int()), nil
	case r.CanUint() && r.Uint() <= math.MaxInt64:
		return intValue(typeInt, int64(r.Uint())), nil
	case r.CanFloat():
		return floatValue(r.Float()), nil
	case r.Kind() == reflect.Slice || r.Kind() == reflect.Array:
		return value{}, fmt.Errorf("parameter %s is a list, which can only stand in IN (…)", clip(name))
	}
	return value{}, fmt.Errorf("parameter %s of Go type %T cannot be a value", clip(name), v)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
