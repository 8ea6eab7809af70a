package hops_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ttlog/ttlog/internal/hops"
)

// send lets one ttlog forward to another.
func send(from, to *hops.Trail) error {
	header := from.String()
	err := to.Check(header)
	if err == nil {
		to.Add(header)
	}
	return err
}

func TestTrail_FindsCircles(t *testing.T) {
	a, b, c, d := hops.New(), hops.New(), hops.New(), hops.New()
	for range 2 {
		for _, edge := range [][2]*hops.Trail{{a, b}, {a, c}, {b, d}, {c, d}} { // two ways are no circle
			if err := send(edge[0], edge[1]); err != nil {
				t.Error(err)
			}
		}
	}
	if err := send(d, a); !errors.Is(err, hops.ErrCircle) {
		t.Errorf("around by two others: %v", err)
	}
	if err := send(d, d); !errors.Is(err, hops.ErrCircle) {
		t.Errorf("to itself: %v", err)
	}
	if err := send(a, b); err != nil {
		t.Errorf("a refused request cuts another way: %v", err)
	}
}

func TestTrail_Forgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := hops.New(), hops.New()
		_ = send(a, b)
		if err := send(b, a); !errors.Is(err, hops.ErrCircle) {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if err := send(b, a); err != nil {
			t.Errorf("after an hour without a request: %v", err)
		}
	})
}

// TestTrail_IsBounded by whatever comes from outside.
func TestTrail_IsBounded(t *testing.T) {
	a := hops.New()
	for i := range 1000 {
		a.Add(fmt.Sprintf(" n%d, B\r\nX: y,,%s", i, strings.Repeat("x", 1000)))
	}
	if s := a.String(); len(s) > 2000 || strings.ContainsAny(s, "\r\nB ") || !strings.Contains(s, ",n1,") {
		t.Errorf("%d bytes: %q", len(s), s)
	}
}
