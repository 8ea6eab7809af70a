package sql

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/ttlog/ttlog/query/types"
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
		return nil, fmt.Errorf("parameter %s was not given", types.Clip(name))
	}
	return v, nil
}

func (p params) get(name string) (types.Value, error) {
	v, err := p.lookup(name)
	if err != nil {
		return types.Value{}, err
	}
	return paramValue(name, v)
}

// list returns the elements of a parameter that is a list.
func (p params) list(name string) ([]types.Value, bool, error) {
	v, err := p.lookup(name)
	r := reflect.ValueOf(v)
	if _, bytes := v.([]byte); err != nil || bytes || r.Kind() != reflect.Slice && r.Kind() != reflect.Array {
		return nil, false, err
	}
	if r.Len() > MaxExprs {
		return nil, true, fmt.Errorf("parameter %s has %d elements, the limit is %d", types.Clip(name), r.Len(), MaxExprs)
	}
	out := make([]types.Value, r.Len())
	for i := range out {
		if out[i], err = paramValue(name, r.Index(i).Interface()); err != nil {
			return nil, true, fmt.Errorf("element %d: %w", i+1, err)
		}
	}
	return out, true, nil
}

// paramValue turns a Go value into a constant.
func paramValue(name string, v any) (types.Value, error) {
	switch v := v.(type) {
	case nil:
		return types.Value{}, nil
	case time.Time:
		return types.NewInt(types.Time, v.UnixNano()), nil
	case time.Duration:
		return types.NewInt(types.Duration, int64(v)), nil
	case json.Number:
		if n, err := v.Int64(); err == nil {
			return types.NewInt(types.Int, n), nil
		}
		if f, err := v.Float64(); err == nil {
			return types.NewFloat(f), nil
		}
	case []byte:
		return types.NewString(types.Bytes, string(v)), nil
	}
	switch r := reflect.ValueOf(v); {
	case r.Kind() == reflect.Bool:
		return types.NewBool(r.Bool()), nil
	case r.Kind() == reflect.String:
		return types.NewString(types.String, r.String()), nil
	case r.CanInt():
		return types.NewInt(types.Int, r.Int()), nil
	case r.CanUint() && r.Uint() <= math.MaxInt64:
		return types.NewInt(types.Int, int64(r.Uint())), nil
	case r.CanFloat():
		return types.NewFloat(r.Float()), nil
	case r.Kind() == reflect.Slice || r.Kind() == reflect.Array:
		return types.Value{}, fmt.Errorf("parameter %s is a list, which can only stand in IN (…)", types.Clip(name))
	}
	return types.Value{}, fmt.Errorf("parameter %s of Go type %T cannot be a value", types.Clip(name), v)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
