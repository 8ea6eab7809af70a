package fn

import (
	"fmt"
	"io"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/ttlog/ttlog/query/eval"
	"github.com/ttlog/ttlog/query/types"
)

// likeKernel matches a pattern in which % stands for any text, _ for one
// character, and \ takes the meaning of the character behind it.
func likeKernel(pattern string, fold, not bool) eval.Kernel {
	if fold {
		pattern = strings.ToLower(pattern)
	}
	match := likeMatcher(pattern)
	return eval.PerRow(types.Bool, func(ev *eval.Evaluator, v []types.Value) types.Value {
		s := v[0].Str
		if fold {
			s = strings.ToLower(s)
		}
		return types.NewBool(match(ev, s) != not)
	})
}

// likeMatcher compiles a pattern. The forms x, x%, %x and %x% need no
// backtracking.
func likeMatcher(pattern string) func(ev *eval.Evaluator, s string) bool {
	body := strings.Trim(pattern, "%")
	if strings.ContainsAny(body, `%_\`) {
		return func(ev *eval.Evaluator, s string) bool { return matchLike(ev, pattern, s) }
	}
	pre, post := strings.HasPrefix(pattern, "%"), strings.HasSuffix(pattern, "%")
	switch {
	case body == "" && pre:
		return func(*eval.Evaluator, string) bool { return true }
	case pre && post:
		return func(_ *eval.Evaluator, s string) bool { return strings.Contains(s, body) }
	case pre:
		return func(_ *eval.Evaluator, s string) bool { return strings.HasSuffix(s, body) }
	case post:
		return func(_ *eval.Evaluator, s string) bool { return strings.HasPrefix(s, body) }
	}
	return func(_ *eval.Evaluator, s string) bool { return s == body }
}

// matchLike matches by going back to the last % only, which is enough, and
// keeps the time within len(pattern) * len(s). That can still be long, so it
// looks from time to time whether the query has to end.
func matchLike(ev *eval.Evaluator, pattern, s string) bool {
	p, i, back, mark := 0, 0, -1, 0
	for step := 1; i < len(s); step++ {
		if step%(1<<20) == 0 && ev.Stopped() {
			return false
		}
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

// likeEscape rewrites a pattern so that \ escapes in the place of esc, or of
// nothing. It returns false where esc is the last character.
func likeEscape(pattern string, esc rune, some bool) (string, bool) {
	var b strings.Builder
	escaped := false
	for _, r := range pattern {
		switch {
		case escaped:
			escaped = false
			b.WriteRune('\\')
		case some && r == esc:
			escaped = true
			continue
		case r == '\\':
			b.WriteRune('\\')
		}
		b.WriteRune(r)
	}
	return b.String(), !escaped
}

// likePrefix returns the literal text that every match begins with.
func likePrefix(pattern string) string {
	if i := strings.IndexAny(pattern, `%_\`); i >= 0 {
		return pattern[:i]
	}
	return pattern
}

// regex is an RE2 expression that a query may run over any text.
type regex struct {
	*regexp.Regexp
	size int64 // instructions, about
}

// long reports whether matching s may take so long that the query has to be
// able to end meanwhile. The time grows with both sizes; the plain functions
// of package regexp are faster, but cannot be interrupted.
func (re *regex) long(s string) bool { return int64(len(s))*re.size > 64<<20 }

// match reports whether re matches anywhere in s.
func (re *regex) match(ev *eval.Evaluator, s string) bool {
	if ev.Stopped() {
		return false
	}
	if re.long(s) {
		return re.MatchReader(&regexInput{Reader: strings.NewReader(s), ev: ev})
	}
	return re.MatchString(s)
}

// find is match, and returns where the match and its groups stand.
func (re *regex) find(ev *eval.Evaluator, s string) []int {
	if ev.Stopped() {
		return nil
	}
	if re.long(s) {
		return re.FindReaderSubmatchIndex(&regexInput{Reader: strings.NewReader(s), ev: ev})
	}
	return re.FindStringSubmatchIndex(s)
}

// regexInput is a text that ends early when the query has to.
type regexInput struct {
	*strings.Reader
	ev *eval.Evaluator
	n  int
}

// ReadRune returns the next character.
func (r *regexInput) ReadRune() (rune, int, error) {
	if r.n++; r.n%256 == 0 && r.ev.Stopped() {
		return 0, 0, io.EOF
	}
	return r.Reader.ReadRune()
}

// regexKernel matches an RE2 expression anywhere in the text.
func regexKernel(re *regex, not bool) eval.Kernel {
	return eval.PerRow(types.Bool, func(ev *eval.Evaluator, v []types.Value) types.Value {
		return types.NewBool(re.match(ev, v[0].Str) != not)
	})
}

// compileRegex compiles an RE2 expression whose program stays small.
func compileRegex(pattern string) (*regex, error) {
	if len(pattern) > maxPatternBytes {
		return nil, fmt.Errorf("regular expression of %d bytes is longer than the limit of %d", len(pattern), maxPatternBytes)
	}
	tree, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return nil, err
	}
	n := regexSize(tree)
	if n > maxPatternSize {
		return nil, fmt.Errorf("regular expression grows to %d instructions, the limit is %d", n, maxPatternSize)
	}
	re, err := regexp.Compile(pattern)
	return &regex{re, n}, err
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
