package main

import (
	"github.com/ttlog/ttlog/internal/membudget"
	"github.com/ttlog/ttlog/internal/quantity"
)

// parseMemory reads the memory of the process; without any, it is what the
// surroundings say.
func parseMemory(s string) (int64, error) {
	if s == "" {
		return membudget.ForDaemon(), nil
	}
	return quantity.ParseAtLeast(s, membudget.Min)
}
