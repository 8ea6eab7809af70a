package table

import (
	"encoding/binary"
	"math"
	"slices"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// TypeRaw is the type of the overflow column: values are whole KeyValue
// messages. It stands beside the types of package column; part of the format,
// never renumber.
const TypeRaw column.Type = 255

// AttrSet holds the attributes of the rows of a group. Each key and type is a
// column whose values stand densely, for the rows that have it only. The shape
// of a row is the list of its attributes' columns in their order: it tells
// which columns have a value, in what order, and how often. Equal shapes are
// stored once. An attribute without a value is a column of column.TypeNone,
// whose values are nothing but the shape.
type AttrSet struct {
	// Shape is the shape of each row, an index into Shapes, held in Codes.
	Shape Leaf
	// Shapes has the column numbers of each shape. Shape 0 is the empty one.
	Shapes [][]uint32
	Cols   []*AttrCol
	// LoadShapes fills Shapes and Shape of a set that is read from a part.
	LoadShapes func(s *AttrSet) error
	// ShapePages, which may stand beside LoadShapes, returns what reads the
	// shapes of some rows.
	ShapePages func() (*ShapePages, error)
	err        error

	partial    bool // some rows of another set: N of Cols is not known before the shapes
	chosen     bool // Cols are those that were chosen, see choose
	shapeIndex map[string]uint32
	colIndex   map[string]*keyColumns
	keyBuf     []byte
	cur        []uint32 // shape of the row being built
	curRow     int      // the row that cur belongs to
	curRaw     bool     // the row has a value in the overflow column
	last       uint32   // shape of the row before, the likeliest for the next
	shapeBytes int
	total      int // attributes of all rows

	starts, values []uint32 // what Positions returns, once locate was called
}

// ShapePages is the shapes of the rows of a set by the page.
type ShapePages struct {
	Shapes [][]uint32
	// Size is the rows of a page.
	Size int
	// Uses tells how many rows of each page have which shape. It is nil where
	// there is one page only.
	Uses [][]ShapeUse
	// Read returns the shapes of the rows of a page: for runs of rows their shape
	// and the row of the page behind them; where ends is nil, for each row. Rows
	// behind have no attributes. damage is why the page could not be read.
	Read func(page int) (codes, ends []uint32, damage, err error)
	// Damage is why none of it could be read; then there is no page.
	Damage error
}

// ShapeUse is how many rows have a shape.
type ShapeUse struct{ Shape, Rows uint32 }

// AttrCol is one key and type of an AttrSet: N values in row order, as
// integers (bool, int), bits of floats, or codes (all others).
type AttrCol struct {
	Key  string
	Type column.Type
	N    int
	Leaf Leaf
}

// keyColumns has the columns of one key by type, plus 1; 0 is none.
type keyColumns [8]uint32

// LeafKind returns how values of an attribute of type t are held.
func LeafKind(t column.Type) Kind {
	switch t {
	case column.TypeBool, column.TypeInt64, column.TypeNone:
		return KindInt
	case column.TypeFloat64:
		return KindFloat
	}
	return KindString
}

func newAttrSet() AttrSet {
	return AttrSet{Shapes: [][]uint32{nil}, Shape: Leaf{Kind: KindInt}, curRow: -1}
}

// Ensure loads the shapes when they are not loaded yet.
func (s *AttrSet) Ensure() error {
	if s.LoadShapes != nil {
		load := s.LoadShapes
		s.LoadShapes = nil
		if s.err = load(s); s.err == nil && !s.partial {
			s.err = s.dropRepeats()
		}
	}
	return s.err
}

// ShapeAt returns the columns of row i's attributes, in their order.
func (s *AttrSet) ShapeAt(i int) []uint32 { return s.Shapes[s.Shape.Code(i)] }

// addMessage adds the KeyValue message kv to row i, behind what it has.
func (s *AttrSet) addMessage(i int, kv []byte) error {
	if key, v, ok := fastKeyValue(kv); ok {
		s.add(i, key, v)
		return nil
	}
	var key, value []byte
	plain := true // nothing in kv but one key and one value
	values := 0
	f := otlpwire.Scan(kv)
	for f.Next() {
		switch f.Num {
		case otlpwire.KeyValueKey:
			key = f.Bytes()
		case otlpwire.KeyValueValue:
			value = f.Bytes()
			values++
		case otlpwire.KeyValueKeyStrindex:
			f.Varint()
			plain = false
		default:
			if err := checkUnknown(&f); err != nil {
				return err
			}
			plain = false
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if values > 1 {
		plain = false
		if err := checkEachValue(kv); err != nil {
			return err
		}
	}
	v, err := parseValue(value, 0)
	if err != nil {
		return err
	}
	if !plain || v.odd {
		s.addRaw(i, kv)
		return nil
	}
	v.once()
	s.add(i, key, v)
	return nil
}

// checkEachValue validates every value field of a KeyValue with several.
func checkEachValue(kv []byte) error {
	f := otlpwire.Scan(kv)
	for f.Next() {
		if f.Num == otlpwire.KeyValueValue {
			if _, err := parseValue(f.Bytes(), 0); err != nil {
				return err
			}
		}
	}
	return f.Err()
}

// add adds an attribute to row i.
func (s *AttrSet) add(i int, key []byte, v value) {
	c := s.likelyColumn(i, key, v.typ)
	if c < 0 {
		c = s.column(key, v.typ)
	}
	if c < 0 {
		s.addRaw(i, v.appendKeyValue(nil, key))
		return
	}
	col := s.Cols[c]
	switch v.typ {
	case column.TypeNone:
	case column.TypeBool, column.TypeInt64, column.TypeFloat64:
		col.Leaf.setInt(col.N, v.num)
	default:
		col.Leaf.setBytes(col.N, v.bytes)
	}
	col.N++
	s.push(i, uint32(c))
}

// addRaw adds a KeyValue message to row i in the overflow column.
func (s *AttrSet) addRaw(i int, kv []byte) {
	c := s.rawColumn()
	col := s.Cols[c]
	col.Leaf.setBytes(col.N, kv)
	col.N++
	s.push(i, c)
	s.curRaw = true
}

// push appends column c to the shape of row i.
func (s *AttrSet) push(i int, c uint32) {
	if s.curRow != i {
		s.cur, s.curRow = s.cur[:0], i
	}
	s.cur = append(s.cur, c)
	s.total++
}

// endRow gives row i its shape, after its last attribute was added.
func (s *AttrSet) endRow(i int) {
	if s.curRow != i {
		return // the row has no attributes
	}
	n, known := s.findShape(s.cur)
	if !known || s.curRaw {
		s.dropRepeated()
		n = s.shapeOf(s.cur)
	}
	s.last = n
	s.Shape.setCode(i, s.last)
	s.curRow, s.curRaw = -1, false
}

// likelyColumn returns the column that stands in the last row's shape where
// row i's next attribute will stand, when it is the one asked for, else -1.
// Records from one place in a program have the same keys in the same order, so
// this saves nearly all lookups.
func (s *AttrSet) likelyColumn(i int, key []byte, t column.Type) int {
	at := 0
	if s.curRow == i {
		at = len(s.cur)
	}
	shape := s.Shapes[s.last]
	if at >= len(shape) {
		return -1
	}
	if col := s.Cols[shape[at]]; col.Type == t && col.Key == string(key) {
		return int(shape[at])
	}
	return -1
}

// column returns the column of a key and type, adding it when it is new, or -1
// when there is no room for it.
func (s *AttrSet) column(key []byte, t column.Type) int {
	k, ok := s.colIndex[string(key)]
	if ok && k[t] != 0 {
		return int(k[t] - 1)
	}
	if s.chosen || len(s.Cols) >= maxColumns-1 || len(key) > maxKeyBytes {
		return -1
	}
	return int(s.addColumn(string(key), t, k))
}

func (s *AttrSet) addColumn(key string, t column.Type, k *keyColumns) uint32 {
	if k == nil {
		k = new(keyColumns)
		if s.colIndex == nil {
			s.colIndex = make(map[string]*keyColumns)
		}
		s.colIndex[key] = k
	}
	s.Cols = append(s.Cols, &AttrCol{Key: key, Type: t, Leaf: NewLeaf(LeafKind(t))})
	if int(t) < len(k) {
		k[t] = uint32(len(s.Cols))
	}
	return uint32(len(s.Cols) - 1)
}

// rawColumn returns the overflow column. It is the last that maxColumns has
// room for, or an earlier one.
func (s *AttrSet) rawColumn() uint32 {
	for c, v := range slices.Backward(s.Cols) {
		if v.Type == TypeRaw {
			return uint32(c)
		}
	}
	s.Cols = append(s.Cols, &AttrCol{Type: TypeRaw, Leaf: NewLeaf(KindString)})
	return uint32(len(s.Cols) - 1)
}

// findShape returns the number of the shape with the given columns, if there
// is one.
func (s *AttrSet) findShape(cols []uint32) (n uint32, ok bool) {
	if len(cols) == 0 {
		return 0, true
	}
	if equalShapes(s.Shapes[s.last], cols) {
		return s.last, true
	}
	s.keyBuf = s.keyBuf[:0]
	for _, c := range cols {
		s.keyBuf = binary.LittleEndian.AppendUint16(s.keyBuf, uint16(c))
	}
	n, ok = s.shapeIndex[string(s.keyBuf)]
	return n, ok
}

// shapeOf returns the number of the shape with the given columns, adding it
// when it is new.
func (s *AttrSet) shapeOf(cols []uint32) uint32 {
	if n, ok := s.findShape(cols); ok {
		return n
	}
	if s.shapeIndex == nil {
		s.shapeIndex = make(map[string]uint32)
	}
	n := uint32(len(s.Shapes))
	s.Shapes = append(s.Shapes, append([]uint32(nil), cols...))
	s.shapeIndex[string(s.keyBuf)] = n
	s.shapeBytes += 6*len(cols) + 64
	return n
}

func equalShapes(a, b []uint32) bool {
	if len(a) != len(b) {
		return false
	}
	for i, c := range a {
		if c != b[i] {
			return false
		}
	}
	return true
}

// colBytes is what a column takes without its values: itself, its dictionary,
// and what finds it by key. With thousands of rare keys it is most of a set.
const colBytes = 480

func (s *AttrSet) bytes() int {
	n := s.Shape.bytes() + s.shapeBytes
	for _, c := range s.Cols {
		n += c.Leaf.bytes() + len(c.Key) + colBytes
	}
	return n
}

func (s *AttrSet) snapshot() AttrSet {
	c := AttrSet{Shape: s.Shape.snapshot(), Shapes: slices.Clip(s.Shapes), Cols: make([]*AttrCol, len(s.Cols))}
	for i, col := range s.Cols {
		c.Cols[i] = &AttrCol{Key: col.Key, Type: col.Type, N: col.N, Leaf: col.Leaf.snapshot()}
	}
	return c
}

func (s *AttrSet) seal() {
	s.shapeIndex, s.colIndex, s.keyBuf, s.cur = nil, nil, nil, nil
	for _, c := range s.Cols {
		c.Leaf.Dict.seal()
	}
}

// Positions returns for every attribute of every row, row by row, which value
// of its column it is, and for each of the n rows where its attributes begin.
func (s *AttrSet) Positions(n int) (starts, values []uint32) {
	starts = make([]uint32, n+1)
	total := 0
	for i := range n {
		starts[i] = uint32(total)
		total += len(s.ShapeAt(i))
	}
	starts[n] = uint32(total)
	values = make([]uint32, 0, total)
	next := make([]uint32, len(s.Cols))
	for i := range n {
		for _, c := range s.ShapeAt(i) {
			values = append(values, next[c])
			next[c]++
		}
	}
	return starts, values
}

// positions is Positions, or what locate kept of it.
func (s *AttrSet) positions(n int) (starts, values []uint32) {
	if s.starts != nil {
		return s.starts, s.values
	}
	return s.Positions(n)
}

// at returns value number i of the column.
func (c *AttrCol) at(i int) value {
	v := value{typ: c.Type}
	switch c.Type {
	case column.TypeNone:
	case column.TypeBool, column.TypeInt64, column.TypeFloat64:
		v.num = c.Leaf.Int(i)
	default:
		v.str = c.Leaf.Str(i)
	}
	return v
}

// float returns the value of a float attribute.
func (v *value) float() float64 { return math.Float64frombits(uint64(v.num)) }
