package table

import (
	"slices"
	"unsafe"
)

// Dict is a dictionary of distinct strings. Code 0 is always the empty string,
// so that a row without a value needs no entry. Values only grows: a copy of
// its slice header is a snapshot.
type Dict struct {
	Values []string
	index  map[string]uint32
	arena  []byte // tail of block
	block  []byte // what new strings are copied to
	size   int    // bytes of the strings held
}

// NewDict returns a dictionary that holds only the empty string.
func NewDict() *Dict { return &Dict{Values: []string{""}} }

// code returns the code of b, adding a copy of it when it is new.
func (d *Dict) code(b []byte) uint32 {
	if len(b) == 0 {
		return 0
	}
	if c, ok := d.index[string(b)]; ok {
		return c
	}
	return d.add(d.copy(b))
}

// codeString is code for a string. With share, d keeps s itself; otherwise it
// keeps a copy, so that the memory s is part of can be freed.
func (d *Dict) codeString(s string, share bool) uint32 {
	if s == "" {
		return 0
	}
	if c, ok := d.index[s]; ok {
		return c
	}
	if !share {
		s = d.copy(unsafe.Slice(unsafe.StringData(s), len(s)))
	}
	return d.add(s)
}

func (d *Dict) add(s string) uint32 {
	if d.index == nil {
		d.index = make(map[string]uint32, len(d.Values))
		for i, v := range d.Values {
			d.index[v] = uint32(i)
		}
	}
	c := uint32(len(d.Values))
	d.Values = append(d.Values, s)
	d.index[s] = c
	d.size += len(s)
	return c
}

// copy returns a string with the bytes of b in memory of the dictionary. Short
// strings share blocks, so that a dictionary of many is a few allocations.
func (d *Dict) copy(b []byte) string {
	const maxShared, maxBlock = 1 << 10, 64 << 10
	if len(b) > maxShared {
		return string(b)
	}
	if len(d.arena) < len(b) {
		// Blocks grow with what is held, so that a small dictionary is small.
		d.block = make([]byte, max(64, len(b), min(d.size, maxBlock)))
		d.arena = d.block
	}
	n := copy(d.arena, b)
	s := unsafe.String(unsafe.SliceData(d.arena), n)
	d.arena = d.arena[n:]
	return s
}

// bytes returns an estimate of the memory held.
func (d *Dict) bytes() int {
	n := d.size + 16*cap(d.Values)
	if d.index != nil {
		n += 40 * len(d.Values)
	}
	return n
}

// snapshot returns a dictionary with the values d has now, which stays valid
// while d grows. Nothing may be added to it.
func (d *Dict) snapshot() *Dict {
	if d == nil {
		return nil
	}
	return &Dict{Values: slices.Clip(d.Values), size: d.size}
}

// seal gives up what is needed only to add values.
func (d *Dict) seal() {
	if d != nil {
		d.index, d.arena, d.block = nil, nil, nil
	}
}
