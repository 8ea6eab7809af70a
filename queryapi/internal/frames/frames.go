// Package frames reads the functions at the top of a stack trace, whichever
// language wrote it.
package frames

import (
	"path"
	"regexp"
	"slices"
	"strings"
)

// maxBytes is how much of a stack trace is looked at.
const maxBytes = 64 << 10

// The lines of stack traces that name a function.
var (
	// Java, JavaScript and .NET: "at shop.Cart.load(Cart.java:12)", "at load
	// (cart.js:1:2)", "at Cart.Load() in Cart.cs:line 3".
	atLine = regexp.MustCompile(`^\s*at (?:async |new )?([^\s(]+)`)
	// Python: "File "cart.py", line 12, in load".
	pythonLine = regexp.MustCompile(`^\s*File "([^"]+)", line \d+, in (.+)$`)
	// Ruby: "cart.rb:12:in `load'".
	rubyLine = regexp.MustCompile("^\\s*(?:from )?([^:]+):\\d+:in [`'](.+)'")
	// PHP: "#0 /srv/cart.php(12): Cart->load()".
	phpLine = regexp.MustCompile(`^#\d+ [^(]+\(\d+\): ([^(]+)\(`)
	// Go: "github.com/shop/cart.(*Cart).Load(0xc000, 0x1)", and a line of the file.
	goFunc = regexp.MustCompile(`^(?:created by )?(\S+)\(.*\)$`)
	goFile = regexp.MustCompile(`^\s+\S+\.go:\d+`)
)

// ownFrames begin the names of functions that made the stack trace.
var ownFrames = []string{"runtime.", "runtime/debug.", "panic", "go.opentelemetry.io/otel/", "java.lang.Thread.getStackTrace"}

// Top returns the names of the n functions at the top of a stack trace, the one
// that failed first. It returns none where it does not know the form.
func Top(stack string, n int) []string {
	if len(stack) > maxBytes {
		stack = stack[:maxBytes]
	}
	lines := strings.Split(stack, "\n")
	var found []string
	reversed := false
	for i, line := range lines {
		line = strings.TrimRight(line, "\r")
		name := ""
		if m := pythonLine.FindStringSubmatch(line); m != nil {
			name, reversed = strings.TrimSuffix(path.Base(m[1]), ".py")+"."+m[2], true
		} else if m := atLine.FindStringSubmatch(line); m != nil {
			name = m[1]
		} else if m := rubyLine.FindStringSubmatch(line); m != nil {
			name = m[2]
		} else if m := phpLine.FindStringSubmatch(line); m != nil {
			name = m[1]
		} else if m := goFunc.FindStringSubmatch(line); m != nil && i+1 < len(lines) && goFile.MatchString(lines[i+1]) {
			name = m[1]
		}
		own := slices.ContainsFunc(ownFrames, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
		if name == "" || own && !reversed {
			continue
		}
		found = append(found, name)
		if len(found) == n && !reversed {
			break
		}
	}
	if reversed {
		slices.Reverse(found)
	}
	return found[:min(len(found), n)]
}
