package pipeline_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/internal/pipeline"
	"github.com/ttlog/ttlog/internal/pipeline/spill"
)

// TestPipeline_OrphansYieldFirst: what is kept for a forwarder that is gone goes
// before what is kept for one that is there, and the queue with the last of it.
func TestPipeline_OrphansYieldFirst(t *testing.T) {
	dir := t.TempDir()
	fill := func(name string) string {
		queue := filepath.Join(dir, "spill-"+name)
		q, err := spill.Open(queue, spill.Options{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := q.Append(otlpwire.Logs, 3, make([]byte, 968)); err != nil {
			t.Fatal(err)
		}
		if err := q.Close(); err != nil {
			t.Fatal(err)
		}
		return queue
	}
	gone, there := fill("gone"), fill("there")
	p := newPipeline(t, newRing(t, 1<<20), pipeline.Options{
		Forwarders: []pipeline.NamedForwarder{{Name: "there", Forwarder: hanging()}}, SpillDir: dir,
	})
	if st := p.Stats().Orphaned; st.Queues != 1 || st.Bytes != 1000 {
		t.Errorf("%+v", st)
	}
	if freed := p.Yield(1); freed != 1000 {
		t.Errorf("%d bytes are free", freed)
	}
	if st := p.Stats(); st.Orphaned.Bytes != 0 || st.Orphaned.Yielded[otlpwire.Logs] != 3 || st.Sinks[0].Spill.Bytes != 1000 {
		t.Errorf("%+v", st)
	}
	if _, err := os.Stat(gone); !os.IsNotExist(err) {
		t.Error("the queue is still there")
	}
	if freed := p.Yield(5000); freed != 1000 || p.Stats().Sinks[0].Spill.Yielded.Records[otlpwire.Logs] != 3 {
		t.Errorf("%d bytes are free of %s", freed, there)
	}
}
