package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/ttlog/ttlog/storage/column"
)

// RetentionRule is a retention of its own for some rows.
type RetentionRule struct {
	// Signal and Service say for which: 0 and "" for any.
	Signal  Signal
	Service string
	// Age takes the place of Options.Retention; 0 or less keeps for ever.
	Age time.Duration
}

// ages are the retentions of one signal: of each service that has a rule, and of
// the others. 0 or less is for ever.
type ages struct {
	services map[string]time.Duration
	others   time.Duration
}

// agesOf returns the retentions of a signal. Of several rules that fit, the last
// counts.
func (o Options) agesOf(s Signal) ages {
	a := ages{others: o.Retention, services: map[string]time.Duration{}}
	for _, r := range o.RetentionRules {
		switch {
		case r.Signal != 0 && r.Signal != s:
		case r.Service != "":
			a.services[r.Service] = r.Age
		default:
			a.others = r.Age
			clear(a.services)
		}
	}
	return a
}

// longest returns the longest retention, 0 for ever.
func (a ages) longest() time.Duration {
	most := a.others
	for _, d := range a.services {
		if d <= 0 || most <= 0 {
			return 0
		}
		most = max(most, d)
	}
	return max(most, 0)
}

// passed returns how many of the retentions are over for rows of a day that ended
// at end, in nanoseconds since the Unix epoch.
func (a ages) passed(end int64, now time.Time) (n int) {
	for _, d := range a.services {
		if over(d, end, now) {
			n++
		}
	}
	if over(a.others, end, now) {
		n++
	}
	return n
}

func over(age time.Duration, end int64, now time.Time) bool {
	return age > 0 && end <= now.Add(-age).UnixNano()
}

// MaxRetention returns the longest time for which any row is kept, 0 for ever: what
// is older need not be taken in.
func (o Options) MaxRetention() time.Duration {
	most := time.Duration(0)
	for _, d := range signalDirs {
		age := o.agesOf(d.signal).longest()
		if age <= 0 {
			return 0
		}
		most = max(most, age)
	}
	return most
}

// retainServices takes the rows of services whose retention is over out of parts
// that have others as well. A part is looked at once for each retention that
// passes. compactMu is held.
func (s *Store) retainServices(ctx context.Context, now time.Time) error {
	var errs []error
	for _, d := range signalDirs {
		a := s.opts.agesOf(d.signal)
		if len(a.services) == 0 {
			continue
		}
		for _, h := range s.aging(d.signal, a, now) {
			err := ctx.Err()
			if err == nil {
				err = s.retainServicesOf(ctx, h, a, now)
			}
			h.release()
			if err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}

// aging returns the parts for which another retention has passed since they were
// looked at, with a reference to each.
func (s *Store) aging(signal Signal, a ages, now time.Time) (list []*handle) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.sortedLocked() {
		for _, h := range p.handles {
			if p.key.signal == signal && h.mergeable() && a.passed(h.dayEnd(), now) > int(h.aged.Load()) {
				h.acquire()
				list = append(list, h)
			}
		}
	}
	return list
}

// retainServicesOf takes the rows of a part whose retention is over.
func (s *Store) retainServicesOf(ctx context.Context, h *handle, a ages, now time.Time) error {
	end := h.dayEnd()
	pt, err := h.load()
	if err == nil {
		d := Deletion{ScanRequest: ScanRequest{Signal: h.key.signal}}
		othersGo := over(a.others, end, now)
		gone := func(service string) bool {
			if age, ok := a.services[service]; ok {
				return over(age, end, now)
			}
			return othersGo
		}
		if !othersGo {
			p := column.Predicate{Ref: serviceColumn, Op: column.In}
			for service := range a.services {
				if gone(service) {
					p.Values = append(p.Values, column.Value{Type: column.TypeString, Str: service})
				}
			}
			d.Where = []column.Predicate{p}
		}
		d.Match = func(b column.Block) ([]uint32, error) { return rowsOfServices(b, gone) }
		var done Deleted
		err = s.deleteFrom(ctx, scanPart{h: h, p: pt}, &d, &done, func(c *Counters, rows, bytes int64) {
			c.RemovedRows, c.RemovedBytes = c.RemovedRows+rows, c.RemovedBytes+bytes
		})
		if done.Rows > 0 {
			s.log.Info("storage: removed data", "partition", h.key.String(), "reason", "services whose retention is over", "parts", done.Parts, "rows", done.Rows, "bytes", done.Bytes)
		}
	}
	if errors.Is(err, ErrCorrupt) || errors.Is(err, fs.ErrNotExist) {
		s.noteDamage(h, err)
		h.refuseMerge()
	}
	if err != nil {
		return fmt.Errorf("retention of services in %s: %w", h.key, err)
	}
	h.aged.Store(int32(a.passed(end, now)))
	return nil
}

var serviceColumn = column.Ref{Place: column.PlaceField, Name: "service", Type: column.TypeString}

// rowsOfServices returns the rows of the services that are to go.
func rowsOfServices(b column.Block, gone func(service string) bool) (rows []uint32, err error) {
	v, err := b.Vector(serviceColumn)
	if err != nil {
		return nil, err
	}
	if v == nil { // no row has one
		v = &column.Vector{Len: b.Rows(), RunEnds: []uint32{uint32(b.Rows())}, Codes: []uint32{0}, Dict: []string{""}}
	}
	doomed := make([]bool, len(v.Dict))
	for i, service := range v.Dict {
		doomed[i] = gone(service)
	}
	nameless := gone("")
	run := 0
	for row := range uint32(v.Len) {
		at := int(row)
		if v.RunEnds != nil {
			for v.RunEnds[run] <= row {
				run++
			}
			at = run
		}
		goes := nameless
		if v.Valid == nil || v.Valid[row/64]>>(row%64)&1 == 1 {
			goes = doomed[v.Codes[at]]
		}
		if goes {
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// dayEnd returns the end of the day by which the part gets old, in nanoseconds
// since the Unix epoch.
func (h *handle) dayEnd() int64 { return (h.day() + 1) * int64(dayLength) }

// SignalNamed returns the signal that people call by the name of its table or its
// own.
func SignalNamed(name string) (Signal, bool) {
	for _, d := range signalDirs {
		if name == d.name || name == d.signal.String() {
			return d.signal, true
		}
	}
	return 0, false
}
