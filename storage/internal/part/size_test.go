package part_test

import (
	"bytes"
	"testing"

	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestMerge_Sizes prints what each column takes in a merged part of all the
// captured telemetry.
func TestMerge_Sizes(t *testing.T) {
	if testing.Short() {
		t.Skip("it only prints figures")
	}
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			p := open(t, write(t, part.Options{}, fill(t, s, tabletest.Messages(t, tabletest.File(s)))))
			var buf bytes.Buffer
			if _, err := part.Merge(&buf, part.Options{}, p); err != nil {
				t.Fatal(err)
			}
			t.Logf("written once: %d bytes; merged:\n%s", p.Info().Size, open(t, buf.Bytes()).Report())
		})
	}
}
