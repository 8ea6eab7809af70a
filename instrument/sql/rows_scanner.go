//go:build go1.27

package ttlogsql

import "database/sql/driver"

// scannerRows is rows over a driver that scans into the caller's variables
// itself. The presence of the interface decides whether database/sql asks for
// values at all, so only such a driver's rows have it. It holds one pointer, so
// making an interface value of it allocates nothing.
type scannerRows struct{ *rows }

var _ driver.RowsColumnScanner = scannerRows{}

// withColumnScanner adds [driver.RowsColumnScanner] where the base has it.
func withColumnScanner(r *rows) driver.Rows {
	if _, ok := r.Rows.(driver.RowsColumnScanner); ok {
		return scannerRows{r}
	}
	return r
}

// NextRow implements [driver.RowsColumnScanner].
func (r scannerRows) NextRow() error {
	return r.advanced(r.Rows.(driver.RowsColumnScanner).NextRow())
}

// ScanColumn implements [driver.RowsColumnScanner]. An error of it is about the
// caller's variable, and the rows go on.
func (r scannerRows) ScanColumn(scanCtx driver.ScanContext, index int, dest any) error {
	return r.Rows.(driver.RowsColumnScanner).ScanColumn(scanCtx, index, dest)
}
