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
	list  []any
	named map[string]any
}

func newParams(args []any) params {
	if len(args) == 1 {
		if m, ok := args[0].(map[string]any); ok {
			return params{named: m}
		}
	}
	return params{list: args}
}

func (p params) get(name string) (value, error) {
	if n, err := strconv.Atoi(name); err == nil && p.named == nil {
		if n < 1 || n > len(p.list) {
			return value{}, fmt.Errorf("parameter $%d was not given; there are %d", n, len(p.list))
		}
		return paramValue(name, p.list[n-1])
	}
	v, ok := p.named[name]
	if !ok {
		return value{}, fmt.Errorf("parameter %s was not given", clip(name))
	}
	return paramValue(name, v)
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
	}
	return value{}, fmt.Errorf("parameter %s of Go type %T cannot be a value", clip(name), v)
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}
