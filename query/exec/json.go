package exec

import (
	"encoding/hex"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/ttlog/ttlog/query/types"
)

// JSON is read where it stands, without a copy of what nobody asks for: of the
// events of a span most queries want a name.

// jsonElements calls f for each element of an array, and for none behind a place
// that is not JSON.
func jsonElements(s string, f func(element string) error) error {
	i := skipSpace(s, 0)
	if i >= len(s) || s[i] != '[' {
		return nil
	}
	for i = skipSpace(s, i+1); i < len(s) && s[i] != ']'; i = skipSpace(s, i) {
		end := skipJSON(s, i)
		if end < 0 {
			return nil
		}
		if err := f(s[i:end]); err != nil {
			return err
		}
		if i = skipSpace(s, end); i < len(s) && s[i] == ',' {
			i++
		}
	}
	return nil
}

// jsonMembers calls f for each member of an object, its key unquoted.
func jsonMembers(s string, f func(key, value string)) {
	i := skipSpace(s, 0)
	if i >= len(s) || s[i] != '{' {
		return
	}
	for i = skipSpace(s, i+1); i < len(s) && s[i] == '"'; i = skipSpace(s, i) {
		end := skipJSON(s, i)
		if end < 0 {
			return
		}
		key := jsonString(s[i:end])
		if i = skipSpace(s, end); i >= len(s) || s[i] != ':' {
			return
		}
		i = skipSpace(s, i+1)
		if end = skipJSON(s, i); end < 0 {
			return
		}
		f(key, s[i:end])
		if i = skipSpace(s, end); i < len(s) && s[i] == ',' {
			i++
		}
	}
}

func skipSpace(s string, i int) int {
	for i < len(s) && (s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r') {
		i++
	}
	return i
}

// skipJSON returns the place behind the value at i, or -1 where there is none.
func skipJSON(s string, i int) int {
	start, depth := i, 0
	for i < len(s) {
		switch s[i] {
		case '"':
			if i = skipString(s, i); i < 0 {
				return -1
			}
			if depth == 0 {
				return i
			}
			continue
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth < 0 {
				return behind(start, i)
			}
			if depth == 0 {
				return i + 1
			}
		case ',', ':', ' ', '\t', '\n', '\r':
			if depth == 0 {
				return behind(start, i)
			}
		}
		i++
	}
	if depth > 0 {
		return -1
	}
	return behind(start, i)
}

// behind returns i, or -1 where nothing stands before it.
func behind(start, i int) int {
	if i == start {
		return -1
	}
	return i
}

// skipString returns the place behind the string at i, or -1.
func skipString(s string, i int) int {
	for i++; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return -1
}

// jsonString returns the text of a string.
func jsonString(s string) string {
	if len(s) >= 2 && strings.IndexByte(s, '\\') < 0 {
		return s[1 : len(s)-1]
	}
	var text string
	if json.Unmarshal([]byte(s), &text) != nil {
		return ""
	}
	return text
}

// jsonValue reads a value of type t; types.Any takes whatever is written. What is
// of another type is NULL.
func jsonValue(s string, t types.Type) types.Value {
	if s == "" || s == "null" {
		return types.Value{}
	}
	var v types.Value
	switch s[0] {
	case '"':
		v = jsonText(jsonString(s), t)
	case 't', 'f':
		v = types.NewBool(s[0] == 't')
	case '[':
		v = types.NewString(types.Array, s)
	case '{':
		v = types.NewString(types.Map, s)
	default:
		v = jsonNumber(s)
	}
	if v.Type != t && t != types.Any {
		return types.Value{}
	}
	return v
}

// jsonText reads what JSON writes as a string.
func jsonText(s string, t types.Type) types.Value {
	switch t {
	case types.Time:
		if at, err := time.Parse(time.RFC3339Nano, s); err == nil {
			return types.NewInt(types.Time, at.UnixNano())
		}
		return types.Value{}
	case types.ID:
		if id, err := hex.DecodeString(s); err == nil {
			return types.NewString(types.ID, string(id))
		}
		return types.Value{}
	}
	return types.NewString(types.String, s)
}

func jsonNumber(s string) types.Value {
	if n, err := strconv.ParseInt(s, 10, 64); err == nil {
		return types.NewInt(types.Int, n)
	}
	if f, err := strconv.ParseFloat(s, 64); err == nil {
		return types.NewFloat(f)
	}
	return types.Value{}
}
