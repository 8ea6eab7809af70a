package ringpack

import (
	"testing"
	"testing/synctest"
	"time"
)

// TestMeter_CalmUpToTheRate: compression is for senders that leave the
// processor something to do, and comes back when they do again.
func TestMeter_CalmUpToTheRate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := meter{start: time.Now()}
		send := func(seconds, perSecond int) (calm int) {
			for range seconds * perSecond {
				if m.calm(1 << 20) {
					calm++
				}
				time.Sleep(time.Second / time.Duration(perSecond))
			}
			return calm
		}
		if n := send(10, 6); n != 60 {
			t.Errorf("at 6 MiB a second %d of 60 requests are calm, want all", n)
		}
		if n := send(10, 60); n > 20 {
			t.Errorf("at 60 MiB a second %d of 600 requests are, want those of the first moment", n)
		}
		if n := send(1, 60); n != 0 {
			t.Errorf("and after that %d of 60, want none", n)
		}
		time.Sleep(2 * time.Second)
		if n := send(10, 6); n != 60 {
			t.Errorf("when it is quiet again %d of 60 are, want all", n)
		}
		if m.calm(9 << 20) {
			t.Error("9 MiB at once are calm, more than a second's worth")
		}
	})
}
