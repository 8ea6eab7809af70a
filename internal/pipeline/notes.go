package pipeline

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// notes is the log of what may happen over and over to a sink: a line is
// written when something happens first, and then one in a while, with how often
// it did. A collector that is away for a night is not to fill the disk, nor is
// what follows its first failure to be left unsaid.
type notes struct {
	log   *slog.Logger
	every time.Duration

	mu    sync.Mutex // guards what follows
	lines map[noteKey]*note
}

// noteKey is what makes two events the same. Both come from a small set.
type noteKey struct{ message, reason string }

// note is what was not written yet of one kind of event.
type note struct {
	level          slog.Level
	times, records uint64
	err            error // of the newest
	written        time.Time
}

func newNotes(log *slog.Logger, every time.Duration) *notes {
	return &notes{log: log, every: every, lines: make(map[noteKey]*note)}
}

// tell notes an event, and that it concerned records, where that is known.
func (n *notes) tell(level slog.Level, message, reason string, records uint64, err error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	k := noteKey{message, reason}
	line := n.lines[k]
	if line == nil {
		line = &note{level: level}
		n.lines[k] = line
	}
	line.times++
	line.records += records
	line.err = err
	if now := time.Now(); now.Sub(line.written) >= n.every {
		n.writeLocked(k, line, now)
	}
}

func (n *notes) writeLocked(k noteKey, line *note, now time.Time) {
	args := []any{"times", line.times}
	if line.records > 0 {
		args = append(args, "records", line.records)
	}
	if k.reason != "" {
		args = append(args, "reason", k.reason)
	}
	if line.err != nil {
		args = append(args, "error", line.err)
	}
	n.log.Log(context.Background(), line.level, k.message, args...)
	line.times, line.records, line.err, line.written = 0, 0, nil, now
}

// flush writes what is due; all that is not written, where the sink ends.
func (n *notes) flush(all bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	byTime := func(a, b noteKey) int {
		return cmp.Or(n.lines[a].written.Compare(n.lines[b].written), cmp.Compare(a.message+a.reason, b.message+b.reason))
	}
	for _, k := range slices.SortedFunc(maps.Keys(n.lines), byTime) {
		if line := n.lines[k]; line.times > 0 && (all || now.Sub(line.written) >= n.every) {
			n.writeLocked(k, line, now)
		}
	}
}

// reasonOf is the word that an error has for its kind, for figures and logs.
func reasonOf(err error) string {
	var r interface{ Reason() string }
	if errors.As(err, &r) {
		return r.Reason()
	}
	return ""
}
