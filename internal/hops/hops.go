// Package hops finds forwarders that form a circle. Every request that one ttlog
// forwards to another names who it has been through: the sender, and all that
// the sender has had requests from, since the ring does not keep which request
// came by which way. Whoever finds its own name refuses the request.
//
// The entry point is [New]. A [Trail] is safe for concurrent use.
package hops

import (
	"crypto/rand"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"
)

// Header is the HTTP header, and the key of the gRPC metadata.
const Header = "ttlog-via"

const (
	// maxNames bounds a trail: a line of more forwarders is none that anyone
	// builds, and the names come from outside.
	maxNames     = 32
	maxNameBytes = 40
	// memory is how long a name is passed on after the last request with it. A
	// circle that was cut open is forgotten then.
	memory = 10 * time.Minute
)

// ErrCircle is the error of a request that has been here.
var ErrCircle = errors.New("this server has had these records: its forwarders lead back to it, so --forward has to go from one of them")

// Trail is one ttlog's part in it.
type Trail struct {
	own string

	mu    sync.Mutex
	heard map[string]time.Time // guarded by mu; when a name was last seen
}

// New returns a trail with a name of its own. It is made up, since a data
// directory and all that stands in it may be copied.
func New() *Trail {
	return &Trail{own: strings.ToLower(rand.Text()), heard: make(map[string]time.Time)}
}

// String returns the value of the header of a forwarded request.
func (t *Trail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	names := make([]string, 0, 1+len(t.heard))
	for name, seen := range t.heard {
		if time.Since(seen) < memory {
			names = append(names, name)
		} else {
			delete(t.heard, name)
		}
	}
	slices.Sort(names)
	return strings.Join(append([]string{t.own}, names...), ",")
}

// Check returns [ErrCircle] for a request whose header has the own name.
func (t *Trail) Check(header string) error {
	for name := range strings.SplitSeq(header, ",") {
		if strings.TrimSpace(name) == t.own {
			return ErrCircle
		}
	}
	return nil
}

// Add notes the names of a request that was taken.
func (t *Trail) Add(header string) {
	if header == "" {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	for name := range strings.SplitSeq(header, ",") {
		name = strings.TrimSpace(name)
		_, known := t.heard[name]
		if isName(name) && (known || len(t.heard) < maxNames) {
			t.heard[name] = time.Now()
		}
	}
}

// isName keeps out of our own requests what could not stand in a header.
func isName(s string) bool {
	return s != "" && len(s) <= maxNameBytes && !strings.ContainsFunc(s, func(c rune) bool {
		return (c < '0' || c > '9') && (c < 'a' || c > 'z')
	})
}
