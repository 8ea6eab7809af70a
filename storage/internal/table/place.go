package table

import (
	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/column"
)

// places is the parsed resources and scopes of a chunk, by scope code.
type places struct {
	scopes []place
	used   []bool // a row refers to it
}

type place struct {
	resource, scope        []rawAttr
	service, name, version string
}

// loadPlaces parses the scopes that rows use, once.
func (b *Block) loadPlaces() (*places, error) {
	if b.places != nil {
		return b.places, nil
	}
	l, err := b.leaf(LeafScope)
	if err != nil {
		return nil, err
	}
	if err := b.c.Resources.Ensure(); err != nil {
		return nil, err
	}
	n := len(l.Dict.Values)
	p := &places{scopes: make([]place, n), used: make([]bool, n)}
	for i := 0; i < b.c.Rows.N; i = l.runEnd(i, b.c.Rows.N) {
		c := l.Code(i)
		if p.used[c] {
			continue
		}
		p.used[c] = true
		resource, scope, err := b.c.SplitScope(c)
		if err != nil {
			return nil, err
		}
		p.scopes[c].parse(resource, scope)
	}
	b.places = p
	return p, nil
}

// parse reads the fields of a resource and a scope message, which were checked
// when they came in.
func (p *place) parse(resource, scope string) {
	for f := otlpwire.Scan([]byte(resource)); f.Next(); {
		if f.Num != otlpwire.GroupResource {
			continue
		}
		for g := otlpwire.Scan(f.Bytes()); g.Next(); {
			if g.Num == otlpwire.ResourceAttributes {
				key, v := splitKeyValue(g.Bytes())
				p.resource = append(p.resource, rawAttr{string(key), v})
			}
		}
	}
	for _, a := range p.resource {
		if a.key == "service.name" && a.v.typ == column.TypeString {
			p.service = a.v.text()
			break
		}
	}
	p.resource = lastOfEach(p.resource)
	for f := otlpwire.Scan([]byte(scope)); f.Next(); {
		if f.Num != otlpwire.ScopeGroupScope {
			continue
		}
		for g := otlpwire.Scan(f.Bytes()); g.Next(); {
			switch g.Num {
			case otlpwire.ScopeName:
				p.name = string(g.Bytes())
			case otlpwire.ScopeVersion:
				p.version = string(g.Bytes())
			case otlpwire.ScopeAttributes:
				key, v := splitKeyValue(g.Bytes())
				p.scope = append(p.scope, rawAttr{string(key), v})
			}
		}
	}
	p.scope = lastOfEach(p.scope)
}

// lastOfEach returns the attributes with one value for each key. Only parts of
// earlier versions have more.
func lastOfEach(attrs []rawAttr) []rawAttr {
	keep := keepLast(len(attrs), func(i int) ([]byte, bool) { return bytesOf(attrs[i].key), true })
	if keep == nil {
		return attrs
	}
	out := attrs[:0]
	for i, a := range attrs {
		if keep[i] {
			out = append(out, a)
		}
	}
	return out
}

// Service returns the service name that scope code stands for. The scope leaf
// and the resources must be loaded.
func (c *Chunk) Service(code uint32) (string, error) {
	resource, _, err := c.SplitScope(code)
	if err != nil {
		return "", err
	}
	var p place
	p.parse(resource, "")
	return p.service, nil
}

// mapped returns the vector that has, for each row, the value that at returns
// for the row's code in leaf. A code is asked for once.
func (b *Block) mapped(leaf *Leaf, t column.Type, at func(code uint32) value) *column.Vector {
	out := newRuns(t, b.c.Rows.N)
	const unknown, null = -1, -2
	known := make([]int64, max(1, len(leaf.Dict.Values)))
	nums := make([]int64, len(known))
	for i := range known {
		known[i] = unknown
	}
	for i := 0; i < b.c.Rows.N; {
		c := leaf.Code(i)
		if known[c] == unknown {
			known[c] = 0
			switch v := at(c); {
			case v.typ == column.TypeNone:
				known[c] = null
			case LeafKind(v.typ) != KindString:
				nums[c] = v.num
			case isText(v.typ):
				nums[c] = int64(out.code(v.text()))
			default:
				nums[c] = int64(out.code(v.json()))
			}
		}
		end := leaf.runEnd(i, b.c.Rows.N)
		if known[c] == null {
			for range end - i {
				out.pushNull()
			}
		} else {
			out.pushInts(nums[c], end-i)
		}
		i = end
	}
	return out.vector()
}

func textValue(s string) value { return value{typ: column.TypeString, str: s} }

// scopeField returns service, scope_name or scope_version.
func (b *Block) scopeField(name string) (*column.Vector, error) {
	p, err := b.loadPlaces()
	if err != nil {
		return nil, err
	}
	return b.mapped(&b.c.Rows.Leaves[LeafScope], column.TypeString, func(code uint32) value {
		switch s := &p.scopes[code]; name {
		case "scope_name":
			return textValue(s.name)
		case "scope_version":
			return textValue(s.version)
		default:
			return textValue(s.service)
		}
	}), nil
}

// placeVector returns an attribute column of the resources or scopes.
func (b *Block) placeVector(ref column.Ref) (*column.Vector, error) {
	p, err := b.loadPlaces()
	if err != nil {
		return nil, err
	}
	find := func(code uint32) value {
		attrs := p.scopes[code].resource
		if ref.Place == column.PlaceScope {
			attrs = p.scopes[code].scope
		}
		for _, a := range attrs {
			if a.key == ref.Name && a.v.typ != column.TypeNone && (ref.Type == column.TypeNone || a.v.typ == ref.Type) {
				return a.v
			}
		}
		return value{}
	}
	for code := 0; ref.Type == column.TypeNone && code < len(p.scopes); code++ {
		ref.Type = find(uint32(code)).typ
	}
	if ref.Type == column.TypeNone {
		return nil, nil
	}
	return b.mapped(&b.c.Rows.Leaves[LeafScope], ref.Type, find), nil
}
