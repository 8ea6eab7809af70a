package scratch_test

import (
	"fmt"
	"testing"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/ttlog/ttlog/instrument/internal/scratch"
)

func TestOptions(t *testing.T) {
	kind := trace.WithSpanKind(trace.SpanKindServer)
	for _, n := range []int{0, 3, 24, 25, 100, 3} {
		s := scratch.Get()
		attrs := s.Attributes()
		for i := range n {
			attrs = append(attrs, attribute.Int(fmt.Sprint(i), n))
		}
		c := trace.NewSpanStartConfig(s.Options(kind, attrs, trace.WithNewRoot())...)
		s.Release()
		if got := c.Attributes(); len(got) != n || !c.NewRoot() || c.SpanKind() != trace.SpanKindServer {
			t.Fatalf("got %d attributes, want %d", len(got), n)
		}
		for i, a := range c.Attributes() { // which the release has left alone
			if a != attribute.Int(fmt.Sprint(i), n) {
				t.Errorf("attribute %d of %d is %v", i, n, a)
			}
		}
	}
}

func TestOptions_AllocateNothing(t *testing.T) {
	kind := trace.WithSpanKind(trace.SpanKindServer)
	run := func() {
		s := scratch.Get()
		s.Options(kind, append(s.Attributes(), attribute.String("a", "b")))
		s.Release()
	}
	run()
	if n := testing.AllocsPerRun(100, run); n >= 1 {
		t.Errorf("%v allocations", n)
	}
}
