package ttlogslog

import (
	"encoding"
	"encoding/json"
	"fmt"
	"log/slog"
	"math"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel/attribute"

	"github.com/ttlog/ttlog/instrument/internal/errtype"
	"github.com/ttlog/ttlog/internal/guard"
)

// The bounds of what one record holds. Values may refer to themselves, and a
// LogValue method may return groups of more of its kind.
const (
	maxValues    = 10_000
	maxDepth     = 32 // OTLP's receivers take 64
	maxLogValues = 100
)

// What stands in the place of a value that was cut.
const (
	tooMany = "!TOO MANY VALUES"
	tooDeep = "!TOO DEEP"
)

// converter makes attributes of slog's.
type converter struct {
	left  int // how many more values may be made
	attrs []attribute.KeyValue
	err   error // the last error among them, as described
}

// described is an error by what was found out about it: asking it again, as the
// SDK does, is safe.
type described struct{ message, kind string }

func (d described) Error() string     { return d.message }
func (d described) ErrorType() string { return d.kind }

// add adds an attribute by the rules of [slog.Handler]: an empty one is ignored,
// an empty group is left out, and a group without a name is not one. depth is
// the number of groups around it.
func (c *converter) add(a slog.Attr, depth int) {
	if c.left--; c.left < 0 {
		if c.left == -1 {
			c.put(a.Key, attribute.StringValue(tooMany))
		}
		return
	}
	v, ok := resolve(a.Value)
	if !ok {
		c.put(a.Key, attribute.StringValue(v.String()))
		return
	}
	switch {
	case a.Key == "" && v.Kind() == slog.KindAny && v.Any() == nil:
	case v.Kind() == slog.KindGroup && len(v.Group()) == 0:
	case v.Kind() == slog.KindGroup && a.Key == "" && depth < maxDepth:
		for _, a := range v.Group() {
			c.add(a, depth+1)
		}
	default:
		value := c.value(v, depth)
		c.put(a.Key, value)
		if v.Kind() != slog.KindAny {
			return
		}
		// A nil pointer is mostly what a success looks like.
		if err, ok := v.Any().(error); ok && value.AsString() != guard.Nil {
			c.err = described{value.AsString(), errtype.Name(err)}
		}
	}
}

func (c *converter) put(key string, v attribute.Value) {
	c.attrs = append(c.attrs, attribute.KeyValue{Key: attribute.Key(key), Value: v})
}

// resolve calls LogValue until there is a value that has none. It returns false
// with a text where that fails.
func resolve(v slog.Value) (slog.Value, bool) {
	for range maxLogValues {
		if v.Kind() != slog.KindLogValuer {
			return v, true
		}
		from := v.LogValuer()
		failure := guard.Text(from, func() string { v = from.LogValue(); return "" })
		if failure != "" {
			return slog.StringValue(failure), false
		}
	}
	return slog.StringValue("!LogValue CALLED TOO OFTEN"), false
}

// value returns v, which is resolved, as an attribute's value.
func (c *converter) value(v slog.Value, depth int) attribute.Value {
	if s, ok := scalar(v); ok {
		return s
	}
	if v.Kind() == slog.KindGroup {
		return c.group(v.Group(), depth)
	}
	return c.any(v.Any(), depth)
}

// scalar returns a value that has nothing within it, and is not asked for itself.
func scalar(v slog.Value) (attribute.Value, bool) {
	switch v.Kind() {
	case slog.KindString:
		return attribute.StringValue(v.String()), true
	case slog.KindInt64:
		return attribute.Int64Value(v.Int64()), true
	case slog.KindUint64:
		return unsigned(v.Uint64()), true
	case slog.KindFloat64:
		return attribute.Float64Value(v.Float64()), true
	case slog.KindBool:
		return attribute.BoolValue(v.Bool()), true
	case slog.KindDuration:
		return attribute.Int64Value(v.Duration().Nanoseconds()), true
	case slog.KindTime:
		return attribute.StringValue(v.Time().Format(time.RFC3339Nano)), true
	}
	return attribute.Value{}, false
}

func (c *converter) group(attrs []slog.Attr, depth int) attribute.Value {
	if depth >= maxDepth {
		return attribute.StringValue(tooDeep)
	}
	// An error within a group is described there, and not as the record's.
	inner := converter{left: c.left, attrs: make([]attribute.KeyValue, 0, min(len(attrs), maxValues))}
	for _, a := range attrs {
		inner.add(a, depth+1)
	}
	c.left = inner.left
	return attribute.MapValue(inner.attrs...)
}

// any returns the value of any Go value. Each is guarded by itself, so that one
// that panics does not take away what stands beside it.
func (c *converter) any(v any, depth int) (out attribute.Value) {
	if c.left--; c.left < 0 {
		return attribute.StringValue(tooMany)
	}
	defer func() {
		if p := recover(); p != nil {
			out = attribute.StringValue(guard.Panicked(v, p))
		}
	}()
	switch v := v.(type) {
	case nil:
		return attribute.Value{}
	case attribute.Value:
		return v
	case time.Duration:
		return attribute.Int64Value(v.Nanoseconds())
	case time.Time:
		return attribute.StringValue(v.Format(time.RFC3339Nano))
	case slog.LogValuer, slog.Value, []slog.Attr:
		resolved, _ := resolve(slog.AnyValue(v))
		return c.value(resolved, depth)
	case []byte:
		return attribute.ByteSliceValue(v)
	case error:
		return attribute.StringValue(v.Error())
	case encoding.TextMarshaler:
		return text(v.MarshalText())
	case fmt.Stringer:
		return attribute.StringValue(v.String())
	case json.Marshaler:
		return text(v.MarshalJSON())
	}
	return c.reflected(reflect.ValueOf(v), depth)
}

func text(b []byte, err error) attribute.Value {
	if err != nil {
		return attribute.StringValue("!ERROR: " + guard.Error(err))
	}
	return attribute.StringValue(string(b))
}

// unsigned keeps every digit of a number that OTLP's integers do not reach.
func unsigned(n uint64) attribute.Value {
	if n > math.MaxInt64 {
		return attribute.StringValue(strconv.FormatUint(n, 10))
	}
	return attribute.Int64Value(int64(n))
}

// reflected returns the value of a type that has no method to tell it.
func (c *converter) reflected(v reflect.Value, depth int) attribute.Value {
	switch v.Kind() {
	case reflect.String:
		return attribute.StringValue(v.String())
	case reflect.Bool:
		return attribute.BoolValue(v.Bool())
	case reflect.Float32, reflect.Float64:
		return attribute.Float64Value(v.Float())
	case reflect.Struct:
		if room := c.left; !printable(v, &room, depth) {
			return attribute.StringValue(tooMany + " " + v.Type().String())
		}
		return attribute.StringValue(fmt.Sprintf("%+v", v.Interface()))
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Map:
		return c.container(v, depth+1)
	}
	switch {
	case v.CanInt():
		return attribute.Int64Value(v.Int())
	case v.CanUint():
		return unsigned(v.Uint())
	}
	return attribute.StringValue(fmt.Sprint(v.Interface())) // complex numbers, channels, functions
}

func (c *converter) container(v reflect.Value, depth int) attribute.Value {
	if depth > maxDepth {
		return attribute.StringValue(tooDeep)
	}
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			return attribute.Value{}
		}
		return c.any(v.Elem().Interface(), depth)
	case reflect.Map:
		return c.entries(v, depth)
	}
	if v.Type().Elem().Kind() == reflect.Uint8 {
		b := make([]byte, v.Len())
		reflect.Copy(reflect.ValueOf(b), v)
		return attribute.ByteSliceValue(b)
	}
	list := make([]attribute.Value, 0, min(v.Len(), c.left+1))
	for i := range v.Len() {
		list = append(list, c.any(v.Index(i).Interface(), depth))
		if c.left < 0 {
			break
		}
	}
	return attribute.SliceValue(list...)
}

// entries returns the value of a map.
func (c *converter) entries(v reflect.Value, depth int) attribute.Value {
	kvs := make([]attribute.KeyValue, 0, min(v.Len(), c.left+1))
	for iter := v.MapRange(); iter.Next(); {
		key := c.any(iter.Key().Interface(), depth)
		kvs = append(kvs, attribute.KeyValue{Key: attribute.Key(key.String()), Value: c.any(iter.Value().Interface(), depth)})
		if c.left < 0 {
			break
		}
	}
	slices.SortFunc(kvs, func(a, b attribute.KeyValue) int { return strings.Compare(string(a.Key), string(b.Key)) })
	return attribute.MapValue(kvs...)
}

// printable reports whether fmt comes to an end with v: it follows slices, maps
// and interfaces wherever they lead, and a stack that overflows ends the process.
func printable(v reflect.Value, room *int, depth int) bool {
	if *room--; *room < 0 || depth > maxDepth {
		return false
	}
	switch v.Kind() {
	case reflect.Interface:
		return v.IsNil() || printable(v.Elem(), room, depth+1)
	case reflect.Struct:
		for _, field := range v.Fields() {
			if !printable(field, room, depth+1) {
				return false
			}
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if !printable(v.Index(i), room, depth+1) {
				return false
			}
		}
	case reflect.Map:
		for iter := v.MapRange(); iter.Next(); {
			if !printable(iter.Key(), room, depth+1) || !printable(iter.Value(), room, depth+1) {
				return false
			}
		}
	}
	return true
}
