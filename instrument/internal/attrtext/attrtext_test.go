package attrtext

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestClean(t *testing.T) {
	f := func(in string, limit int, want string) {
		t.Helper()
		if got := Clean(in, limit); got != want {
			t.Errorf("Clean(%q, %d) = %q, want %q", in, limit, got, want)
		}
	}
	f("", 3, "")
	f("abc", 3, "abc")
	f("abcd", 3, "abc...")
	f("aé", 2, "a...")
	f("a€", 3, "a...")
	f("a😀b", 4, "a...")
	f("é", 2, "é")
	f("a\xffb", 9, "a\uFFFDb")
	f("\xff\xfe\xfd", 2, "...")
	f("abcd\xff", 5, "abcd...") // the replacement takes three bytes
	f("abc", 0, "...")
}

func FuzzClean(f *testing.F) {
	f.Add("a\xff😀", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		if limit < 0 || limit > 100 {
			return
		}
		got := Clean(s, limit)
		if !utf8.ValidString(got) {
			t.Errorf("%q is not valid", got)
		}
		if len(strings.TrimSuffix(got, "...")) > limit {
			t.Errorf("Clean(%q, %d) = %q is longer than that", s, limit, got)
		}
		if utf8.ValidString(s) && len(s) <= limit && got != s {
			t.Errorf("Clean(%q) = %q", s, got)
		}
		if body := strings.TrimSuffix(got, "..."); utf8.ValidString(s) && !strings.HasPrefix(s, body) {
			t.Errorf("%q does not begin with %q", s, body)
		}
	})
}
