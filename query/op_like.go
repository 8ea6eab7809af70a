package query

import (
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"
)

// likeKernel matches a pattern in which % stands for any text, _ for one
// character, and \ takes the meaning of the character behind it.
func likeKernel(pattern string, fold, not bool) kernel {
	if fold {
		pattern = strings.ToLower(pattern)
	}
	match := likeMatcher(pattern)
	return perRow(typeBool, func(_ *eval, v []value) value {
		s := v[0].s
		if fold {
			s = strings.ToLower(s)
		}
		return boolValue(match(s) != not)
	})
}

// likeMatcher compiles a pattern. The forms x, x%, %x and %x% need no
// backtracking.
func likeMatcher(pattern string) func(string) bool {
	body := strings.Trim(pattern, "%")
	if strings.ContainsAny(body, `%_\`) {
		return func(s string) bool { return matchLike(pattern, s) }
	}
	pre, post := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	switch {
	case body == "" && pre:
		return func(string) bool { return true }
	case pre && post:
		return func(s string) bool { return strings.Contains(s, body) }
	case pre:
		return func(s string) bool { return strings.HasSuffix(s, body) }
	case post:
		return func(s string) bool { return strings.HasPrefix(s, body) }
	}
	return func(s string) bool { return s == body }
}

// matchLike matches by going back to the last % only, which is enough, and
// keeps the time within len(pattern) * len(s).
func matchLike(pattern, s string) bool {
	p, i, back, mark := 0, 0, -1, 0
	for i < len(s) {
		if p < len(pattern) && pattern[p] == '%' {
			p++
			back, mark = p, i
			continue
		}
		if n, m := likeOne(pattern[p:], s[i:]); n > 0 {
			p, i = p+n, i+m
			continue
		}
		if back < 0 {
			return false
		}
		_, size := utf8.DecodeRuneInString(s[mark:])
		mark += size
		p, i = back, mark
	}
	return strings.Trim(pattern[p:], "%") == ""
}

// likeOne matches one character: it returns the bytes of the pattern and of s
// that it takes, or 0.
func likeOne(pattern, s string) (n, m int) {
	if pattern == "" || pattern[0] == '%' {
		return 0, 0
	}
	_, size := utf8.DecodeRuneInString(s)
	if pattern[0] == '_' {
		return 1, size
	}
	skip := 0
	if pattern[0] == '\\' && len(pattern) > 1 {
		skip = 1
	}
	if strings.HasPrefix(pattern[skip:], s[:size]) {
		return skip + size, size
	}
	return 0, 0
}

// likePrefix returns the literal text that every match begins with.
func likePrefix(pattern string) string {
	if i := strings.IndexAny(pattern, `%_\`); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// regexKernel matches an RE2 expression anywhere in the text.
func regexKernel(re *regexp.Regexp, not bool) kernel {
	return perRow(typeBool, func(_ *eval, v []value) value {
		return boolValue(re.MatchString(v[0].s) != not)
	})
}

// compileRegex compiles an RE2 expression whose program stays small.
func compileRegex(pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPatternBytes {
		return nil, fmt.Errorf("regular expression of %d bytes is longer than the limit of %d", len(pattern), maxPatternBytes)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	if n := regexSize(tree); n > maxPatternSize {
		return nil, fmt.Errorf("regular expression grows to %d instructions, the limit is %d", n, maxPatternSize)
	}
	return regexp.Compile(pattern)
}

// regexSize estimates the instructions of the compiled expression, without
// writing its repetitions out.
func regexSize(re *syntax.Regexp) int64 {
	n := int64(1 + len(re.Rune))
	for _, sub := range re.Sub {
		n += regexSize(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= int64(max(re.Min, re.Max, 1))
	}
	return min(n, 1<<40)
}
