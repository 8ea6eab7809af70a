package tracer

import (
	"testing"
	"unsafe"
)

// TestSpan_Size: beyond 512 bytes the collector gives an object a header of its own.
func TestSpan_Size(t *testing.T) {
	if n := unsafe.Sizeof(span{}); n > 512 {
		t.Errorf("a span has %d bytes, want at most 512", n)
	} else {
		t.Logf("a span has %d bytes", n)
	}
}
