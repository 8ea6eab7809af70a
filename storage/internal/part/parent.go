package part

import "github.com/ttlog/ttlog/storage/internal/table"

func (s source) parents(c *table.Chunk, d *groupDir) {}
