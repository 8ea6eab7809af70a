package fn

import (
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/plan"
	"github.com/ttlog/ttlog/query/types"
)

// jsonFunctions read JSON in strings, and arrays and maps, which are JSON text too.
func jsonFunctions() map[string]Function {
	extract := func(t types.Type) Function {
		return Function{2, 2, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			if !args[1].IsConst() || args[1].Type != types.String {
				return b.Fail(n.Args[1].At(), "%s needs a path that is a string constant such as '$.user.id'", n.Name)
			}
			path, ok := parsePath(args[1].Value.Str)
			if !ok {
				return b.Fail(n.Args[1].At(), `%s is no path: expected '$', then .key, ["key"] or [0] for each step`, types.Clip(n.Args[1].String()))
			}
			s := b.text(args[0], n.Args[0], n.Name)
			e := eval.Call(n.Name, t, eval.PerRow(t, func(ev *eval.Evaluator, a []types.Value) types.Value {
				v := findJSON(a[0].Str, path)
				if t != types.Any && !v.IsNull() && v.Type != t {
					v = types.Cast(v, t, nil)
				}
				ev.Spend(len(v.Str))
				return v
			}), s).With(args[1])
			e.Loose = t == types.Any
			return e
		}}
	}
	// list makes a function of an array or map, and of further arguments.
	list := func(count int, t types.Type, f func(a []types.Value) types.Value) Function {
		return Function{count, count, func(b *Typer, n *Call, args []*plan.Expr) *plan.Expr {
			args[0] = b.text(args[0], n.Args[0], n.Name)
			return eval.Call(n.Name, t, eval.PerRow(t, func(ev *eval.Evaluator, a []types.Value) types.Value {
				v := f(a)
				ev.Spend(len(v.Str))
				return v
			}), args...)
		}}
	}
	size := list(1, types.Int, func(a []types.Value) types.Value {
		n := int64(0)
		ok := eachJSON(a[0].Str, func(_ string, _ jsontext.Value) bool { n++; return true })
		if !ok {
			return types.Value{}
		}
		return types.NewInt(types.Int, n)
	})
	keys := func(pick func(key string, v jsontext.Value) []byte) func(a []types.Value) types.Value {
		return func(a []types.Value) types.Value {
			if !strings.HasPrefix(strings.TrimSpace(a[0].Str), "{") {
				return types.Value{}
			}
			dst := []byte{'['}
			ok := eachJSON(a[0].Str, func(key string, v jsontext.Value) bool {
				if len(dst) > 1 {
					dst = append(dst, ',')
				}
				dst = append(dst, pick(key, v)...)
				return true
			})
			if !ok {
				return types.Value{}
			}
			return types.NewString(types.Array, string(append(dst, ']')))
		}
	}
	return map[string]Function{
		"json_extract": extract(types.Any), "json_extract_string": extract(types.String), "json_extract_int": extract(types.Int),
		"json_extract_float": extract(types.Float), "json_extract_bool": extract(types.Bool),
		"cardinality": size, "array_length": size,
		"map_keys":   list(1, types.Array, keys(func(key string, _ jsontext.Value) []byte { return types.AppendStringJSON(nil, key) })),
		"map_values": list(1, types.Array, keys(func(_ string, v jsontext.Value) []byte { return v })),
		"array_contains": list(2, types.Bool, func(a []types.Value) types.Value {
			found := false
			ok := eachJSON(a[0].Str, func(_ string, v jsontext.Value) bool {
				x := jsonValue(v)
				found = types.Comparable(x.Type, a[1].Type) && types.Compare(x, a[1]) == 0 ||
					types.StoredType(a[1].Type) == types.String && x.Type == types.String && x.Str == a[1].Str
				return !found
			})
			if !ok && !found {
				return types.Value{}
			}
			return types.NewBool(found)
		}),
		"array": {0, -1, func(b *Typer, _ *Call, args []*plan.Expr) *plan.Expr {
			zone := b.Zone
			return eval.Call("array", types.Array, func(ev *eval.Evaluator, a []*eval.Vec) *eval.Vec {
				out := eval.NewVec(types.Array, ev.Rows)
				for i := range ev.Rows {
					dst := []byte{'['}
					for j, v := range a {
						if j > 0 {
							dst = append(dst, ',')
						}
						dst = types.AppendValueJSON(dst, v.At(i), zone)
					}
					if out.Strs[i] = string(append(dst, ']')); !ev.Spend(len(dst)) {
						break
					}
				}
				return out
			}, args...)
		}},
	}
}

// step is a key of an object, or where index is not below 0 an element of an array.
type step struct {
	key   string
	index int
}

// parsePath reads $.a["b c"][0].
func parsePath(s string) (path []step, ok bool) {
	s, ok = strings.CutPrefix(s, "$")
	for ok && s != "" {
		switch {
		case s[0] == '.':
			end := strings.IndexAny(s[1:], ".[")
			if end < 0 {
				end = len(s) - 1
			}
			path, s, ok = append(path, step{s[1 : 1+end], -1}), s[1+end:], end > 0
		case strings.HasPrefix(s, `["`):
			end := strings.Index(s, `"]`)
			if end < 2 {
				return nil, false
			}
			path, s = append(path, step{s[2:end], -1}), s[end+2:]
		case s[0] == '[':
			text, rest, closed := strings.Cut(s[1:], "]")
			n, err := strconv.Atoi(text)
			path, s, ok = append(path, step{index: n}), rest, closed && err == nil && n >= 0
		default:
			return nil, false
		}
	}
	return path, ok
}

func newJSON(s string) *jsontext.Decoder {
	return jsontext.NewDecoder(strings.NewReader(s), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
}

// findJSON returns what stands at a path, NULL for nothing.
func findJSON(s string, path []step) types.Value {
	dec := newJSON(s)
	for _, p := range path {
		want := jsontext.Kind('{')
		if p.index >= 0 {
			want = '['
		}
		if t, err := dec.ReadToken(); err != nil || t.Kind() != want {
			return types.Value{}
		}
		for n := 0; ; n++ {
			if k := dec.PeekKind(); k == '}' || k == ']' || k == 0 {
				return types.Value{}
			}
			here := n == p.index
			if want == '{' {
				t, err := dec.ReadToken()
				if err != nil {
					return types.Value{}
				}
				here = t.String() == p.key
			}
			if here {
				break
			}
			if dec.SkipValue() != nil {
				return types.Value{}
			}
		}
	}
	v, err := dec.ReadValue()
	if err != nil {
		return types.Value{}
	}
	return jsonValue(v)
}

// eachJSON calls f for the elements of an array or the members of an object until
// it returns false, and reports whether s is one.
func eachJSON(s string, f func(key string, v jsontext.Value) bool) bool {
	dec := newJSON(s)
	open, err := dec.ReadToken()
	if err != nil || open.Kind() != '[' && open.Kind() != '{' {
		return false
	}
	for dec.PeekKind() != ']' && dec.PeekKind() != '}' {
		key := ""
		if open.Kind() == '{' {
			t, err := dec.ReadToken()
			if err != nil {
				return false
			}
			key = t.String()
		}
		v, err := dec.ReadValue()
		if err != nil {
			return false
		}
		if !f(key, v) {
			return true
		}
	}
	return true
}

// jsonValue returns a value of JSON; null is NULL.
func jsonValue(v jsontext.Value) types.Value {
	switch v.Kind() {
	case 't', 'f':
		return types.NewBool(v.Kind() == 't')
	case '"':
		s, err := jsontext.AppendUnquote(nil, v)
		if err != nil {
			return types.Value{}
		}
		return types.NewString(types.String, string(s))
	case '0':
		if n, err := strconv.ParseInt(string(v), 10, 64); err == nil {
			return types.NewInt(types.Int, n)
		}
		if f, err := strconv.ParseFloat(string(v), 64); err == nil {
			return types.NewFloat(f)
		}
	case '[':
		return types.NewString(types.Array, string(v))
	case '{':
		return types.NewString(types.Map, string(v))
	}
	return types.Value{}
}
