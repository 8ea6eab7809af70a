package part

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ttlog/ttlog/storage/column"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// Usage is how many bytes of a part one column takes in all row groups.
type Usage struct {
	Column string
	Bytes  int64
}

// Usage returns the bytes that each column takes, the largest first. The
// footer and its trailer count as columns of their own.
func (p *Part) Usage() []Usage {
	sums := map[string]int64{}
	var all int64
	add := func(name string, c chunkRef) {
		sums[name] += int64(c.size)
		all += int64(c.size)
	}
	leaf := func(name string, l *leafDir) {
		add(name, l.ref)
		add("(value filters)", l.filter)
		add("(text filters)", l.text)
	}
	for i := range p.footer.groups {
		g := &p.footer.groups[i]
		add("(trace filter)", g.filter)
		add("(resources)", g.resources.ref)
		groupUsage(add, leaf, "", &g.rows, table.Schema(p.footer.signal))
	}
	sums["(footer)"] = p.info.Size - all
	out := make([]Usage, 0, len(sums))
	for name, n := range sums {
		if n > 0 {
			out = append(out, Usage{name, n})
		}
	}
	slices.SortFunc(out, func(a, b Usage) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), cmp.Compare(a.Column, b.Column))
	})
	return out
}

func groupUsage(add func(string, chunkRef), leaf func(string, *leafDir), prefix string, g *groupDir, def *table.GroupDef) {
	for i := range g.leaves {
		leaf(prefix+def.Leaves[i].Name, &g.leaves[i])
	}
	for i := range g.sets {
		name := prefix + def.Sets[i]
		add(name+" (shapes)", g.sets[i].shapes)
		for k := range g.sets[i].cols {
			c := &g.sets[i].cols[k]
			leaf(fmt.Sprintf("%s[%s %s]", name, c.key, typeName(c.typ)), &c.leaf)
		}
	}
	for i := range g.lists {
		name := prefix + def.Lists[i].Name
		add(name+" (counts)", g.lists[i].counts.ref)
		groupUsage(add, leaf, name+".", &g.lists[i].items, def.Lists[i].Items)
	}
}

func typeName(t column.Type) string {
	names := []string{"none", "bool", "int", "float", "string", "bytes", "array", "map"}
	if int(t) < len(names) {
		return names[t]
	}
	return "raw"
}

// Report returns a table of what each column takes, for people.
func (p *Part) Report() string {
	var b strings.Builder
	info := p.Info()
	fmt.Fprintf(&b, "%s: %d rows in %d row groups, %d bytes, %.2f a row\n",
		info.Signal, info.Rows, info.Groups, info.Size, float64(info.Size)/float64(info.Rows))
	for _, u := range p.Usage() {
		fmt.Fprintf(&b, "%10d %8.3f  %s\n", u.Bytes, float64(u.Bytes)/float64(info.Rows), u.Column)
	}
	return b.String()
}
