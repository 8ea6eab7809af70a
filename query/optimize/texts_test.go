package optimize

import (
	"regexp"
	"regexp/syntax"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// has reports whether a text has what a match of an expression needs.
func (n need) has(text string) bool {
	return slices.ContainsFunc(n.texts, func(x string) bool {
		if n.fold {
			return strings.Contains(strings.ToLower(text), strings.ToLower(x))
		}
		return strings.Contains(text, x)
	})
}

func TestNeeds(t *testing.T) {
	for pattern, want := range map[string][]need{
		"blk_.*terminating":         {{texts: []string{"blk_"}}, {texts: []string{"terminating"}}},
		"terminating":               {{texts: []string{"terminating"}, all: true}},
		"(?i)Error":                 {{texts: []string{"ERROR"}, fold: true}},
		"(?i)fails":                 {{texts: []string{"FAIL"}, fold: true}},
		"customer=[0-9]+":           {{texts: []string{"customer="}}},
		"Invalid user|auth failure": {{texts: []string{"Invalid user", "auth failure"}, all: true}},
		"(get|put)s? /[ab]/x$":      {{texts: []string{"get", "put"}}, {texts: []string{" /a/x", " /b/x"}}},
		"a+b{2,}(cd)*e?":            {{texts: []string{"a"}}, {texts: []string{"b"}}},
		"^$":                        nil,
		"x*":                        nil,
		"a|.*":                      nil,
		"\\x{FFFD}":                 nil,
		"ab|":                       nil,
	} {
		re, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			t.Fatal(err)
		}
		got := needs(re)
		for i := range got {
			for k, text := range got[i].texts {
				if got[i].fold {
					got[i].texts[k] = strings.ToUpper(text)
				}
			}
		}
		if !slices.EqualFunc(got, want, func(a, b need) bool { return a.fold == b.fold && a.all == b.all && slices.Equal(a.texts, b.texts) }) {
			t.Errorf("%s needs %+v, want %+v", pattern, got, want)
		}
	}
}

// FuzzNeeds checks that a text that an expression matches has all that it needs,
// and that one that has it all is matched where the need says so.
func FuzzNeeds(f *testing.F) {
	for _, s := range [][2]string{
		{"blk_.*terminating", "x blk_7 terminating"},
		{"(?i)ſtop|K", "STOP"},
		{"(?i)k[İi]s", "KİS"},
		{"a(b|c|)d+?", "acd"},
		{"[a-c]x{2}", "bxx"},
		{"\\x{FFFD}.", "\xff\xfe"},
		{"(?s).a\\Qx.y\\E", "\nax.y"},
		{"(?:ab){0}c", "c"},
		{"\\bfoo\\B", "food"},
		{"(?i:a)b", "Ab"},
		{"x|(y|z)w", "zw"},
	} {
		f.Add(s[0], s[1])
	}
	f.Fuzz(func(t *testing.T, pattern, text string) {
		re, err := regexp.Compile(pattern)
		if err != nil || !utf8.ValidString(pattern) {
			return
		}
		tree, err := syntax.Parse(pattern, syntax.Perl)
		if err != nil {
			return
		}
		list := needs(tree)
		// What is needed is often what matches.
		for _, n := range list {
			text += n.texts[0]
		}
		matches := re.MatchString(text)
		for _, n := range list {
			switch has := n.has(text); {
			case matches && !has:
				t.Errorf("%q matches %q, which has none of %q", pattern, text, n.texts)
			case n.all && has && !matches:
				t.Errorf("%q does not match %q, which has one of %q", pattern, text, n.texts)
			}
		}
	})
}
