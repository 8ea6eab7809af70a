package part

import (
	"slices"

	"github.com/ttlog/ttlog/storage/internal/table"
)

// maxPickedTraces is how many traces make it cheaper to resolve all parents
// than those of some rows.
const maxPickedTraces = 256

// pickParents resolves the parents of a few rows: it looks at the rows of their
// traces only.
func pickParents(to *table.Leaf, at []uint32, c *table.Chunk, traces *pagedLeaf, r *reader) error {
	n := c.Rows.N
	var p parentColumns
	if err := p.read(r, n); err != nil {
		return err
	}
	if _, err := traces.open(); err != nil {
		return err
	}
	codes, err := traces.codesAt(at)
	if err != nil {
		return err
	}
	if distinct(codes) > maxPickedTraces {
		if err := c.Rows.Leaves[table.SpanParentID].Ensure(); err != nil {
			return err
		}
		for _, i := range at {
			to.Ints = append(to.Ints, c.Rows.Leaves[table.SpanParentID].Int(int(i)))
		}
		return c.Rows.Leaves[table.SpanParentID].Damage()
	}
	members := map[uint32][]uint32{}
	to.Ints = make([]int64, len(at))
	var parents, children []uint32
	var at0 refCursor
	for k, row := range at {
		target, err := at0.to(&p, int(row))
		if err != nil {
			return err
		}
		switch target {
		case targetNone:
			continue
		case targetRaw:
			to.Ints[k] = p.raw[at0.raws]
			continue
		}
		trace := uint32(0)
		if k < len(codes) {
			trace = codes[k]
		}
		rows, ok := members[trace]
		if !ok {
			if rows, err = traces.rowsOf(trace, n); err != nil {
				return err
			}
			members[trace] = rows
		}
		parent, err := p.parentOf(row, int(target-targetCluster), p.numbers[at0.refs], rows)
		if err != nil {
			return err
		}
		parents, children = append(parents, parent), append(children, uint32(k))
	}
	return pickIDs(to, &c.Rows.Leaves[table.SpanSpanID], parents, children)
}

func distinct(codes []uint32) int {
	seen := map[uint32]bool{}
	for _, c := range codes {
		seen[c] = true
	}
	return len(seen)
}

// codesAt returns the codes at some places, without those behind the last that
// is stored.
func (p *pagedLeaf) codesAt(at []uint32) (out []uint32, err error) {
	var codes []uint32
	err = p.eachPage(at, func(i int, b []byte, at []uint32) error {
		if codes, err = p.head.appendCodes(codes[:0], b, i); err != nil {
			return err
		}
		for _, k := range at {
			out = append(out, codes[int(k)-i*p.head.size])
		}
		return nil
	}, nil)
	return out, err
}

// rowsOf returns those of n rows that have a code.
func (p *pagedLeaf) rowsOf(code uint32, n int) ([]uint32, error) {
	rows, err := p.findCodes([]uint32{code}, nil)
	if code == 0 && p.head.n < n {
		rows = rows.Add(p.head.n, n)
	}
	return rows.List(), err
}

// refCursor counts the references and raw ids of the rows before the one it
// stands on.
type refCursor struct{ row, refs, raws int }

// to goes to a row, which is not before the last one, and returns its target.
func (c *refCursor) to(p *parentColumns, row int) (target uint32, err error) {
	for ; c.row < row; c.row++ {
		switch p.targets[c.row] {
		case targetNone:
		case targetRaw:
			c.raws++
		default:
			c.refs++
		}
	}
	target = p.targets[row]
	if target == targetRaw && c.raws >= len(p.raw) || target >= targetCluster && c.refs >= len(p.numbers) {
		return 0, corruptf("row %d: no parent left", row)
	}
	return target, nil
}

// parentOf returns the row that a reference names; rows are those of the trace.
func (p *parentColumns) parentOf(row uint32, to int, number int64, rows []uint32) (uint32, error) {
	if to >= len(p.ends) {
		return 0, corruptf("row %d: parent in cluster %d of %d", row, to, len(p.ends))
	}
	first := func(cluster int) int {
		begin := uint32(0)
		if cluster > 0 {
			begin = p.ends[cluster-1]
		}
		k, _ := slices.BinarySearch(rows, begin)
		return k
	}
	own, found := slices.BinarySearch(p.ends, row)
	if found {
		own++
	}
	if p.relative[own] != 0 {
		k, _ := slices.BinarySearch(rows, row)
		number += int64(k - first(own))
	}
	from := first(to)
	if number < 0 || number >= int64(len(rows)-from) {
		return 0, corruptf("row %d: parent is number %d of %d", row, number, len(rows)-from)
	}
	return rows[from+int(number)], nil
}

// pickIDs puts the ids of some rows where they belong among those of to.
func pickIDs(to, ids *table.Leaf, rows, places []uint32) error {
	sorted := slices.Clone(rows)
	slices.Sort(sorted)
	sorted = slices.Compact(sorted)
	found := table.NewLeaf(table.KindSpanID)
	if ids.Load != nil && ids.Pick != nil {
		if err := ids.Pick(&found, sorted); err != nil {
			return err
		}
	} else {
		if err := ids.Ensure(); err != nil {
			return err
		}
		if err := ids.Damage(); err != nil {
			return err
		}
		for _, row := range sorted {
			found.Ints = append(found.Ints, ids.Int(int(row)))
		}
	}
	if err := found.Damage(); err != nil {
		return err
	}
	for i, row := range rows {
		k, _ := slices.BinarySearch(sorted, row)
		to.Ints[places[i]] = found.Int(k)
	}
	return nil
}
