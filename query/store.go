package query

import (
	"context"
	"math"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/query/exec"
	"github.com/ttlog/ttlog/storage"
	"github.com/ttlog/ttlog/storage/column"
)

// FromStore returns a source that reads s. The caller still closes the store,
// after the last query.
func FromStore(s *storage.Store) exec.Source { return storeSource{s} }

type storeSource struct{ s *storage.Store }

func (a storeSource) Columns(ctx context.Context, signal otlpwire.Signal) ([]column.Ref, error) {
	return a.s.Columns(ctx, signal)
}

// FindColumns implements [Finder].
func (a storeSource) FindColumns(ctx context.Context, signal otlpwire.Signal, names []string) ([]column.Ref, error) {
	return a.s.FindColumns(ctx, signal, names)
}

func (a storeSource) Scan(ctx context.Context, req exec.ScanRequest) (exec.Scan, error) {
	sc, err := a.s.Scan(ctx, storeRequest(req))
	if err != nil {
		return nil, err
	}
	return storeScan{sc}, nil
}

// storeRequest is a request as the store understands it.
func storeRequest(req exec.ScanRequest) storage.ScanRequest {
	r := storage.ScanRequest{Signal: req.Signal, From: req.From, To: req.To, Where: req.Where, Ended: req.Ended}
	if r.From == 0 && r.To != 0 {
		r.From = math.MinInt64 // 0 is no bound here, and 1970 there
	}
	return r
}

type storeScan struct{ *storage.Scan }

func (s storeScan) Stats() exec.ScanStats {
	st := s.Scan.Stats()
	out := exec.ScanStats{
		PartsTotal: st.PartsTotal, PartsPruned: st.PartsPruned, PartsDamaged: st.PartsDamaged, PagesDamaged: st.PagesDamaged,
		RowsScanned: st.RowsScanned, BytesRead: st.BytesRead, PagesPassed: st.PagesPassed,
	}
	p := &st.Pruned
	for _, l := range []exec.LeftOut{
		{Index: "times", Groups: p.Time},
		{Index: "services", Groups: p.Services},
		{Index: "bounds", Groups: p.Bounds},
		{Index: "attributes", Groups: p.Columns},
		{Index: "trace filters", Groups: p.Traces},
		{Index: "value filters", Groups: p.Values},
		{Index: "texts", Groups: p.Texts},
	} {
		if l.Groups > 0 {
			out.LeftOut = append(out.LeftOut, l)
		}
	}
	return out
}
