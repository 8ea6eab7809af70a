package service_test

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The code of the README stands line by line, and in the same order, in the
// example, which is compiled. Only the indentation is another.
func TestREADME_CodeIsTheExample(t *testing.T) {
	_, code, ok := strings.Cut(readLines(t, "../../README.md"), "\n```go\n")
	if !ok {
		t.Fatal("README.md has no Go code")
	}
	code, _, _ = strings.Cut(code, "\n```\n")
	rest := strings.Split(readLines(t, "example_test.go"), "\n")
	for i := range rest {
		rest[i] = strings.TrimSpace(rest[i])
	}
	for line := range strings.SplitSeq(code, "\n") {
		i := slices.Index(rest, strings.TrimSpace(line))
		if i < 0 {
			t.Fatalf("README.md: %q does not stand in example_test.go, or not at this place", line)
		}
		rest = rest[i+1:]
	}
}

// readLines returns a file's text with the line ends of any checkout as \n.
func readLines(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return strings.ReplaceAll(string(b), "\r\n", "\n")
}
