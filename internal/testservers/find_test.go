package testservers

import (
	"runtime"
	"testing"
)

func TestNeed_MissingProgram(t *testing.T) {
	f := func(ci string, skips bool) {
		t.Helper()
		t.Setenv("CI", ci)
		rec := &recorder{TB: t}
		done := make(chan struct{})
		go func() {
			defer close(done)
			need(rec, "Nothing", "there-is-no-such-program")
		}()
		<-done
		if rec.skipped != skips || rec.failed == skips {
			t.Errorf("CI=%q: skipped %v, failed %v", ci, rec.skipped, rec.failed)
		}
	}
	f("", true)
	f("true", false)
}

// recorder notes how a test was ended, and ends the goroutine in its place.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper() {}

func (r *recorder) Skip(...any) {
	r.skipped = true
	runtime.Goexit()
}

func (r *recorder) Fatal(...any) {
	r.failed = true
	runtime.Goexit()
}
