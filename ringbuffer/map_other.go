//go:build !unix

package ringbuffer

// mapping stands in for a mapped file on systems without one.
type mapping struct{ path string }

func (m *mapping) sync() error { return nil }

// Open returns a ring in memory: this system has no mapping of files that the
// package supports. The path is not touched, nothing survives the process, and
// Stats.FileBacked is false.
func Open(_ string, o Options) (*Ring, error) {
	o = o.withDefaults()
	r, err := New(int(o.Size))
	if err != nil {
		return nil, err
	}
	r.catalog.limit = int(o.CatalogSize)
	return r, nil
}

// detachFile does nothing: there is no file.
func (r *Ring) detachFile(clean, quiet bool) error { return nil }
