package part

import (
	"io"
	"slices"

	"github.com/ttlog/ttlog/storage/encoding"
)

// Rewrite writes the rows of a part without some of them, as Merge writes those of
// several; row groups that lose none stay as they are where they are packed. drop returns the rows of a row group that are left out, ascending; of
// all of them not every row may go: that leaves no part.
func Rewrite(w io.Writer, o Options, p *Part, drop func(group int) []uint32) (Info, error) {
	m := merger{w: newWriter(w, o, p.info.Signal, encoding.Best)}
	defer m.w.release()
	for i := range p.footer.groups {
		gone := drop(i)
		if int64(len(gone)) == int64(p.footer.groups[i].rows.n) {
			continue
		}
		m.waiting = append(m.waiting, pendingGroup{part: p, group: &p.footer.groups[i], keep: len(gone) == 0 && o.packed(p), gone: gone})
	}
	return m.run()
}

// without returns the rows that are not in gone, which is ascending.
func without(rows, gone []uint32) []uint32 {
	if len(gone) == 0 {
		return rows
	}
	return slices.DeleteFunc(rows, func(row uint32) bool {
		_, found := slices.BinarySearch(gone, row)
		return found
	})
}
