package tracer

import (
	"testing"
	"unsafe"
)

// TestSpan_Size: memory is half of what a span costs.
func TestSpan_Size(t *testing.T) {
	if n := unsafe.Sizeof(span{}); n > 128 {
		t.Errorf("a span has %d bytes, want at most 128", n)
	}
}
