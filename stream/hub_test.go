package stream

import (
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
)

func TestHub_HandsToSubscribersOfTheSignal(t *testing.T) {
	var h Hub
	h.Publish(otlpwire.Logs, []byte("before anybody listens"))
	logs, traces := h.Subscribe(otlpwire.Logs), h.Subscribe(otlpwire.Traces)
	request := []byte("one")
	h.Publish(otlpwire.Logs, request)
	copy(request, "xxx") // the publisher may reuse its slice
	h.Publish(otlpwire.Logs, []byte("two"))

	<-logs.Ready()
	got, dropped := logs.Take()
	if len(got) != 2 || string(got[0]) != "one" || string(got[1]) != "two" || dropped != 0 {
		t.Errorf("logs: got %q, %d dropped; want one, two and none", got, dropped)
	}
	if got, _ := traces.Take(); len(got) != 0 {
		t.Errorf("traces: got %q, want nothing", got)
	}
	logs.Close()
	logs.Close()
	h.Publish(otlpwire.Logs, []byte("three"))
	if got, _ := logs.Take(); len(got) != 0 {
		t.Errorf("after Close: got %q, want nothing", got)
	}
	if n := h.active.Load(); n != 1 {
		t.Errorf("%d subscribers, want 1", n)
	}
}

func TestHub_SubscribersShareOneCopy(t *testing.T) {
	var h Hub
	var got [2][][]byte
	subs := []*Subscription{h.Subscribe(otlpwire.Logs), h.Subscribe(otlpwire.Logs)}
	request := []byte("one")
	h.Publish(otlpwire.Logs, request)
	for i, s := range subs {
		got[i], _ = s.Take()
		s.Close()
	}
	if a, b := &got[0][0][0], &got[1][0][0]; a != b || a == &request[0] {
		t.Error("each subscriber holds a copy of its own, or the publisher's slice")
	}
}

func TestHub_SlowSubscriberIsCountedNotWaitedFor(t *testing.T) {
	var h Hub
	s := h.Subscribe(otlpwire.Traces)
	defer s.Close()
	request := make([]byte, subscriptionBytes/4)
	for range 7 {
		h.Publish(otlpwire.Traces, request)
	}
	got, dropped := s.Take()
	if len(got) != 4 || dropped != 3 || h.Dropped() != 3 || h.Subscribers() != 1 {
		t.Errorf("got %d requests and %d dropped (%d by all %d), want 4 and 3", len(got), dropped, h.Dropped(), h.Subscribers())
	}
	h.Publish(otlpwire.Traces, request)
	if got, dropped := s.Take(); len(got) != 1 || dropped != 0 {
		t.Errorf("after taking: got %d requests and %d dropped, want 1 and 0", len(got), dropped)
	}
}

func TestHub_CloseTellsSubscribersNowAndLater(t *testing.T) {
	var h Hub
	early := h.Subscribe(otlpwire.Logs)
	defer early.Close()
	h.Close()
	h.Close()
	late := h.Subscribe(otlpwire.Logs)
	defer late.Close()
	<-early.Over()
	<-late.Over()
}
