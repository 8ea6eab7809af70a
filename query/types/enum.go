package types

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// The enumerations: strings in the store and in results, between which the
// engine gives them types of their own, so that whatever compares values goes
// by what they mean and not by the alphabet.
const (
	Level = firstEnum + iota
	Kind
	Status
	Metric
	Temporality
)

const firstEnum Type = 240

// IsEnum reports whether t is an enumeration.
func IsEnum(t Type) bool { return t >= firstEnum && t != Any }

// Enum is an enumeration. A value that has no name, from a later version of
// OTLP, is its number in digits.
type Enum struct {
	Noun   string
	prefix string   // of the names in OTLP
	Names  []string // in their order; those of OTLP, and their numbers
}

var enums = [...]Enum{
	Level - firstEnum:       {"level", "SEVERITY_NUMBER_", []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}},
	Kind - firstEnum:        {"kind", "SPAN_KIND_", []string{"unspecified", "internal", "server", "client", "producer", "consumer"}},
	Status - firstEnum:      {"status", "STATUS_CODE_", []string{"unset", "ok", "error"}},
	Metric - firstEnum:      {"type of metric", "", []string{"gauge", "sum", "histogram", "exponential_histogram", "summary"}},
	Temporality - firstEnum: {"temporality", "AGGREGATION_TEMPORALITY_", []string{"unspecified", "delta", "cumulative"}},
}

// EnumOf returns the enumeration t.
func EnumOf(t Type) *Enum { return &enums[t-firstEnum] }

// StoredType returns the type that a fixed column has in the store.
func StoredType(t Type) Type {
	if IsEnum(t) {
		return String
	}
	return t
}

// plain returns v as the store has it.
func (v Value) plain() Value {
	v.Type = StoredType(v.Type)
	return v
}

// OtherLevels are what severity texts call the levels beside their own names.
var OtherLevels = map[string]string{
	"INFORMATION": "INFO", "INFORMATIONAL": "INFO", "NOTICE": "INFO", "WARNING": "WARN", "ERR": "ERROR",
	"CRITICAL": "FATAL", "CRIT": "FATAL", "ALERT": "FATAL", "EMERGENCY": "FATAL", "EMERG": "FATAL", "PANIC": "FATAL",
}

// ParseLevel returns the level that a text names, in any case, by the name in
// OTLP (SEVERITY_NUMBER_WARN), or by a usual other name (WARNING).
func ParseLevel(text string) (level string, ok bool) {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SEVERITY_NUMBER_")
	if slices.Contains(EnumOf(Level).Names, text) {
		return text, true
	}
	level, ok = OtherLevels[text]
	return level, ok
}

// StoredLevel returns the level of a record as the store has it: its number's
// name, or its severity text, which may mean a level (WARNING, Info3), or
// nothing that we know and stays as it is.
func StoredLevel(text string) string {
	if level, ok := ParseLevel(text); ok {
		return level
	}
	if n, ok := SeverityNumber(text); ok {
		return EnumOf(Level).Names[(n-1)/4]
	}
	return text
}

// SeverityNumber reads one of the 24 names of OTLP's severity numbers.
func SeverityNumber(text string) (n int64, ok bool) {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SEVERITY_NUMBER_")
	for i, name := range EnumOf(Level).Names {
		switch rest, is := strings.CutPrefix(text, name); {
		case is && rest == "":
			return int64(i*4 + 1), true
		case is && len(rest) == 1 && rest[0] >= '2' && rest[0] <= '4':
			return int64(i*4) + int64(rest[0]-'0'), true
		}
	}
	return 0, false
}

// parse returns the value that a constant names, in any case and by its name
// in OTLP too.
func (e *Enum) parse(text string) (string, bool) {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "") }
	want := fold(strings.TrimSpace(text))
	for _, name := range e.Names {
		if want == fold(name) || want == fold(e.prefix+name) {
			return name, true
		}
	}
	n, err := strconv.ParseUint(want, 10, 31)
	return want, err == nil && n >= uint64(len(e.Names))
}

// ParseEnum is parse for the enumeration t.
func ParseEnum(t Type, text string) (string, bool) {
	if t == Level {
		return ParseLevel(text)
	}
	return EnumOf(t).parse(text)
}

// Choices lists the names for a message, and the one that was most likely
// meant.
func (e *Enum) Choices(text string) string {
	last := len(e.Names) - 1
	list := strings.Join(e.Names[:last], ", ") + " or " + e.Names[last]
	if near := Nearest(text, e.Names); near != "" {
		list += "; did you mean " + near + "?"
	}
	return list
}

// Rank orders the values: unknown levels come before all others, numbers
// without a name behind them.
func (e *Enum) Rank(s string) int {
	if i := slices.Index(e.Names, s); i >= 0 {
		return i
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return -1
}

// CompareEnum orders two values of an enumeration.
func CompareEnum(t Type, a, b string) int {
	if a == b {
		return 0
	}
	e := EnumOf(t)
	return cmp.Or(cmp.Compare(e.Rank(a), e.Rank(b)), strings.Compare(a, b))
}
