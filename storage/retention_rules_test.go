package storage

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestRetention_OfSignalsAndServices: each signal and service goes when its time has
// come, also out of parts that hold others, and what has none stays.
func TestRetention_OfSignalsAndServices(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := manual(newFS())
		o.Retention = 10 * dayLong
		o.RetentionRules = []RetentionRule{
			{Signal: Logs, Age: 2 * dayLong},
			{Signal: Traces, Service: "svc-1", Age: dayLong},
			{Service: "svc-2"}, // for ever
			{Signal: Metrics, Service: "svc-1", Age: time.Hour},
			{Signal: Metrics, Age: 5 * dayLong}, // takes the place of the one before
		}
		s := mustOpen(t, o)
		defer func() { mustClose(t, s) }()
		now := time.Now() // the bubble's clock: midnight, 2000-01-01
		mustAppend(t, s, Traces, 0, now, 1)
		mustAppend(t, s, Traces, 0, now, 2, 3)
		mustAppend(t, s, Traces, 0, now, 4, 5, 6)
		mustAppend(t, s, Logs, 0, now, 7)
		mustAppend(t, s, Metrics, 0, now, 8)
		mustFlush(t, s)
		day := 0
		at := func(days int) {
			t.Helper()
			time.Sleep(time.Duration(days-day)*dayLong + 2*time.Hour)
			day = days
			synctest.Wait()
		}
		at(1) // the day itself is over
		wantRows(t, s, Traces, 1, 2, 3, 4, 5, 6)
		at(2)
		wantRows(t, s, Traces, 2, 3, 4, 5, 6)
		wantRows(t, s, Logs, 7)
		at(3)
		wantRows(t, s, Logs)
		wantRows(t, s, Metrics, 8)
		at(6)
		wantRows(t, s, Metrics)
		wantRows(t, s, Traces, 2, 3, 4, 5, 6)
		parts := s.Status().Counters
		at(11)
		wantRows(t, s, Traces, 2, 3)
		at(300)
		wantRows(t, s, Traces, 2, 3)
		if c := s.Status().Counters; c.RemovedRows != 6 || c.DeletedRows != 0 || parts.RemovedRows != 3 {
			t.Errorf("counters: %+v, before %+v", c, parts)
		}
		if most := o.MaxRetention(); most != 0 {
			t.Errorf("the longest retention is %v, and a service stays for ever", most)
		}
	})
}

func TestOptions_MaxRetention(t *testing.T) {
	for _, c := range []struct {
		o    Options
		want time.Duration
	}{
		{Options{}, 0},
		{Options{Retention: dayLong}, dayLong},
		{Options{Retention: dayLong, RetentionRules: []RetentionRule{{Signal: Logs, Age: 9 * dayLong}}}, 9 * dayLong},
		{Options{Retention: dayLong, RetentionRules: []RetentionRule{{Service: "a", Age: time.Hour}}}, dayLong},
		{Options{Retention: dayLong, RetentionRules: []RetentionRule{{Service: "a"}}}, 0},
		{Options{RetentionRules: []RetentionRule{{Signal: Logs, Age: dayLong}}}, 0},
	} {
		if got := c.o.MaxRetention(); got != c.want {
			t.Errorf("%+v: %v, want %v", c.o, got, c.want)
		}
	}
}
