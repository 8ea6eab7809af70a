package clickhouse

import (
	"fmt"
	"os"
	"path/filepath"
)

// Library returns the path of libchdb: what TTLOG_CHDB names, or where
// scripts/setup-bench-deps puts it. Its error says what to do.
func Library() (string, error) {
	if path := os.Getenv("TTLOG_CHDB"); path != "" {
		return path, nil
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("clickhouse: %w; TTLOG_CHDB may name libchdb.so", err)
	}
	pattern := filepath.Join(cache, "ttlog", "chdb", "node_modules", "@chdb", "lib-*", "libchdb.so")
	found, err := filepath.Glob(pattern)
	if err != nil || len(found) == 0 {
		return "", fmt.Errorf("clickhouse: no %s; `make bench-deps` installs it", pattern)
	}
	return found[0], nil
}
