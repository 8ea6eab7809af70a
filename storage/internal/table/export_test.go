package table

// Items returns what MaxItems bounds.
func (b *Batch) Items() int { return b.chunk.Rows.items() }
