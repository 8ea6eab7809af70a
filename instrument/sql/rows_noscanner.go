//go:build !go1.27

package ttlogsql

import "database/sql/driver"

// withColumnScanner has nothing to add before Go 1.27 (see rows_scanner.go).
func withColumnScanner(r *rows) driver.Rows { return r }
