package receiver_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/receiver"
	"github.com/ttlog/ttlog/ringbuffer"
)

const forLong = time.Hour

// named is a request of n spans of that name.
func named(t testing.TB, n int, name string) []byte {
	t.Helper()
	req := ptraceotlp.NewExportRequest()
	all := req.Traces().ResourceSpans().AppendEmpty().ScopeSpans().AppendEmpty().Spans()
	for i := range n {
		span := all.AppendEmpty()
		span.SetName(name)
		span.SetSpanID([8]byte{1, 6: byte(i >> 8), 7: byte(i)})
		span.Attributes().PutStr("http.route", "/orders/{id}")
		span.Attributes().PutInt("http.response.status_code", 200)
	}
	b, err := req.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestRepeats_AreStoredOnce whichever way they come, and counted.
func TestRepeats_AreStoredOnce(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{DedupWindow: forLong})
	conn := dial(t, f.grpc)
	request := traces(t, 7)
	ways := map[string]func(){
		"gRPC": func() {
			if err := raw(t.Context(), conn, request); err != nil {
				t.Error(err)
			}
		},
	}
	for _, encoding := range []string{"", "gzip", "zstd"} {
		ways["HTTP "+encoding] = func() {
			if resp, answer := f.post(t, "/v1/traces", protobuf, encoding, compress(t, encoding, request)); resp.StatusCode != http.StatusOK || len(answer) != 0 {
				t.Errorf("%q: %s %q", encoding, resp.Status, answer)
			}
		}
	}
	for _, send := range ways {
		send()
	}
	if got := f.stored(); len(got) != 1 || !bytes.Equal(got[0].data, request) {
		t.Errorf("stored %d requests, want one", len(got))
	}
	if st := f.Stats(); st.Repeats[otlpwire.Traces] != 3 {
		t.Errorf("repeats: %v, want 3", st.Repeats)
	}
	if h, g := f.stats(otlpwire.Traces, receiver.HTTP), f.stats(otlpwire.Traces, receiver.GRPC); h.Requests != 3 || g.Requests != 1 || h.Records+g.Records != 7 {
		t.Errorf("stats: %+v and %+v, want 4 requests and 7 records", h, g)
	}

	for range 3 {
		f.post(t, "/v1/traces", jsonType, "", []byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"name":"x"}]}]}]}`))
	}
	if got := f.stored(); len(got) != 1 {
		t.Errorf("JSON: stored %d requests, want one", len(got))
	}
	// The same bytes are something else as another signal.
	for _, path := range []string{"/v1/traces", "/v1/logs"} {
		f.post(t, path, protobuf, "", []byte{0x0a, 0x04, 0x12, 0x02, 0x12, 0x00})
	}
	if got := f.stored(); len(got) != 2 {
		t.Errorf("two signals: stored %d requests", len(got))
	}
	if other := traces(t, 8); raw(t.Context(), conn, other) != nil || len(f.stored()) != 1 {
		t.Error("another request is not stored")
	}
}

// TestRepeats_TimelessLogs: of two equal records that say nothing of when they
// were made, each is an event of its own. With a time they are one, sent again.
func TestRepeats_TimelessLogs(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{DedupWindow: forLong})
	for body, want := range map[string]int{
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":{"stringValue":"tick"}}]}]}]}`:                              2,
		`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"timeUnixNano":"1700000000000000000","body":{"intValue":1}}]}]}]}`: 1,
	} {
		for range 2 {
			if resp, answer := f.post(t, "/v1/logs", jsonType, "", []byte(body)); resp.StatusCode != http.StatusOK {
				t.Errorf("%s %s", resp.Status, answer)
			}
		}
		if got := f.stored(); len(got) != want {
			t.Errorf("%s: stored %d times, want %d", body, len(got), want)
		}
	}
}

// TestRepeats_WhatWasRefusedIsNone: it was not stored.
func TestRepeats_WhatWasRefusedIsNone(t *testing.T) {
	f := newFixture(t, 4096, receiver.Options{DedupWindow: forLong, FullWait: -1})
	var refused []byte
	for n := 1; refused == nil; n++ {
		request := named(t, 5+n%7, fmt.Sprint(n))
		if resp, _ := f.post(t, "/v1/traces", protobuf, "", request); resp.StatusCode != http.StatusOK {
			refused = request
		}
	}
	f.stored()
	if resp, _ := f.post(t, "/v1/traces", protobuf, "", refused); resp.StatusCode != http.StatusOK || len(f.stored()) != 1 {
		t.Errorf("the request that was refused is not stored when it comes again: %s", resp.Status)
	}
}

// TestRepeats_InFlightAtOnceConcurrentSafe: of many who send the same at one
// time, all are answered and one request is stored.
func TestRepeats_InFlightAtOnceConcurrentSafe(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{DedupWindow: forLong})
	for round := range 50 {
		request := named(t, 3, fmt.Sprint(round))
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if resp, _ := f.post(t, "/v1/traces", protobuf, "", request); resp.StatusCode != http.StatusOK {
					t.Error(resp.Status)
				}
			})
		}
		wg.Wait()
		if got := f.stored(); len(got) != 1 {
			t.Fatalf("round %d: stored %d requests, want one", round, len(got))
		}
	}
}

// TestRepeats_WaitForTheFirst: while the first of two is waiting for room,
// nobody knows what to say to the second; when the first is refused, the second
// is the one to store.
func TestRepeats_WaitForTheFirst(t *testing.T) {
	f := newFixture(t, 4096, receiver.Options{DedupWindow: forLong, FullWait: 300 * time.Millisecond})
	fill, err := f.ring.Reserve(otlpwire.KindTracesRequest, f.ring.MaxRecord())
	for ; err == nil; fill, err = f.ring.Reserve(otlpwire.KindTracesRequest, 8) {
		fill.Commit()
	}
	request := traces(t, 1)
	codes := make(chan int, 2)
	for range 2 {
		go func() {
			resp, _ := f.post(t, "/v1/traces", protobuf, "", request)
			codes <- resp.StatusCode
		}()
	}
	if first := <-codes; first != 429 {
		t.Fatalf("the first got %d from a full ring", first)
	}
	got := f.stored()
	if second := <-codes; second != 200 {
		t.Errorf("the second got %d", second)
	}
	got = slices.DeleteFunc(append(got, f.stored()...), func(r stored) bool { return !bytes.Equal(r.data, request) })
	if len(got) != 1 {
		t.Errorf("stored %d times, want once", len(got))
	}
}

// TestRepeats_AreForgotten after the window, and never looked for without one.
func TestRepeats_AreForgotten(t *testing.T) {
	for window, want := range map[time.Duration]int{time.Nanosecond: 2, -1: 2, forLong: 1} {
		f := newFixture(t, 1<<20, receiver.Options{DedupWindow: window})
		for range 2 {
			f.post(t, "/v1/traces", protobuf, "", traces(t, 1))
			time.Sleep(time.Millisecond)
		}
		if got := len(f.stored()); got != want {
			t.Errorf("with a window of %s: stored %d requests, want %d", window, got, want)
		}
	}
}

// TestRepeats_Recalled from before a restart.
func TestRepeats_Recalled(t *testing.T) {
	f := newFixture(t, 1<<20, receiver.Options{DedupWindow: forLong})
	request := traces(t, 1)
	f.Recall(otlpwire.Traces, request)
	f.post(t, "/v1/traces", protobuf, "", request)
	f.post(t, "/v1/logs", protobuf, "", []byte{0x0a, 0x04, 0x12, 0x02, 0x12, 0x00})
	if got := f.stored(); len(got) != 1 || got[0].kind != otlpwire.KindLogsRequest {
		t.Errorf("stored %d requests, want the other one alone", len(got))
	}
}

// BenchmarkRepeats compares what looking for repeats adds with the way of a
// request without it.
func BenchmarkRepeats(b *testing.B) {
	ring, err := ringbuffer.New(64 << 20)
	if err != nil {
		b.Fatal(err)
	}
	rd, err := ring.Reader("bench")
	if err != nil {
		b.Fatal(err)
	}
	ctx := b.Context()
	go func() {
		for rd.Wait(ctx) == nil {
			for r, ok := rd.Next(); ok; r, ok = rd.Next() {
				rd.Release(r.End)
			}
		}
	}()
	for name, window := range map[string]time.Duration{"off": -1, "on": forLong} {
		for _, spans := range []int{1, 100, 1000} {
			b.Run(fmt.Sprintf("dedup=%s/spans=%d", name, spans), func(b *testing.B) {
				r := receiver.New(ring, receiver.Options{DedupWindow: window, FullWait: time.Minute})
				var next int
				var mu sync.Mutex
				request := named(b, spans, "01234567")
				b.SetBytes(int64(len(request)))
				b.ReportAllocs()
				b.RunParallel(func(pb *testing.PB) {
					mine := bytes.Clone(request)
					at := bytes.Index(mine, []byte("01234567"))
					for pb.Next() {
						mu.Lock()
						next++
						n := next
						mu.Unlock()
						copy(mine[at:], fmt.Appendf(nil, "%08d", n%100_000_000))
						if err := receiver.Accept(ctx, r, otlpwire.Traces, mine); err != nil {
							b.Error(err)
						}
					}
				})
			})
		}
	}
}
