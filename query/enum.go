package query

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
	typeLevel = firstEnum + iota
	typeKind
	typeStatus
	typeMetric
	typeTemporality
)

const firstEnum Type = 240

func isEnum(t Type) bool { return t >= firstEnum && t != typeAny }

// enum is an enumeration. A value that has no name, from a later version of
// OTLP, is its number in digits.
type enum struct {
	noun   string
	prefix string   // of the names in OTLP
	names  []string // in their order; those of OTLP, and their numbers
}

var enums = [...]enum{
	typeLevel - firstEnum:       {"level", "SEVERITY_NUMBER_", []string{"TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"}},
	typeKind - firstEnum:        {"kind", "SPAN_KIND_", []string{"unspecified", "internal", "server", "client", "producer", "consumer"}},
	typeStatus - firstEnum:      {"status", "STATUS_CODE_", []string{"unset", "ok", "error"}},
	typeMetric - firstEnum:      {"type of metric", "", []string{"gauge", "sum", "histogram", "exponential_histogram", "summary"}},
	typeTemporality - firstEnum: {"temporality", "AGGREGATION_TEMPORALITY_", []string{"unspecified", "delta", "cumulative"}},
}

func enumOf(t Type) *enum { return &enums[t-firstEnum] }

// storedType returns the type that a fixed column has in the store.
func storedType(t Type) Type {
	if isEnum(t) {
		return typeStr
	}
	return t
}

// plain returns v as the store has it.
func (v value) plain() value {
	v.t = storedType(v.t)
	return v
}

// otherLevels are what severity texts call the levels beside their own names.
var otherLevels = map[string]string{
	"INFORMATION": "INFO", "INFORMATIONAL": "INFO", "NOTICE": "INFO", "WARNING": "WARN", "ERR": "ERROR",
	"CRITICAL": "FATAL", "CRIT": "FATAL", "ALERT": "FATAL", "EMERGENCY": "FATAL", "EMERG": "FATAL", "PANIC": "FATAL",
}

// ParseLevel returns the level that a text names, in any case, by the name in
// OTLP (SEVERITY_NUMBER_WARN), or by a usual other name (WARNING).
func ParseLevel(text string) (level string, ok bool) {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SEVERITY_NUMBER_")
	if slices.Contains(enumOf(typeLevel).names, text) {
		return text, true
	}
	level, ok = otherLevels[text]
	return level, ok
}

// storedLevel returns the level of a record as the store has it: its number's
// name, or its severity text, which may mean a level (WARNING, Info3), or
// nothing that we know and stays as it is.
func storedLevel(text string) string {
	if level, ok := ParseLevel(text); ok {
		return level
	}
	if n, ok := severityNumber(text); ok {
		return enumOf(typeLevel).names[(n-1)/4]
	}
	return text
}

// severityNumber reads one of the 24 names of OTLP's severity numbers.
func severityNumber(text string) (n int64, ok bool) {
	text = strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(text)), "SEVERITY_NUMBER_")
	for i, name := range enumOf(typeLevel).names {
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
func (e *enum) parse(text string) (string, bool) {
	fold := func(s string) string { return strings.ReplaceAll(strings.ToLower(s), "_", "") }
	want := fold(strings.TrimSpace(text))
	for _, name := range e.names {
		if want == fold(name) || want == fold(e.prefix+name) {
			return name, true
		}
	}
	n, err := strconv.ParseUint(want, 10, 31)
	return want, err == nil && n >= uint64(len(e.names))
}

// parseEnum is parse for the enumeration t.
func parseEnum(t Type, text string) (string, bool) {
	if t == typeLevel {
		return ParseLevel(text)
	}
	return enumOf(t).parse(text)
}

// choices lists the names for a message, and the one that was most likely
// meant.
func (e *enum) choices(text string) string {
	last := len(e.names) - 1
	list := strings.Join(e.names[:last], ", ") + " or " + e.names[last]
	if near := nearest(text, e.names); near != "" {
		list += "; did you mean " + near + "?"
	}
	return list
}

// rank orders the values: unknown levels come before all others, numbers
// without a name behind them.
func (e *enum) rank(s string) int {
	if i := slices.Index(e.names, s); i >= 0 {
		return i
	}
	if n, err := strconv.Atoi(s); err == nil {
		return n
	}
	return -1
}

// compareEnum orders two values of an enumeration.
func compareEnum(t Type, a, b string) int {
	if a == b {
		return 0
	}
	e := enumOf(t)
	return cmp.Or(cmp.Compare(e.rank(a), e.rank(b)), strings.Compare(a, b))
}
