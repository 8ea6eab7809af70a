package ttlogsql

import (
	"go/importer"
	"go/token"
	"go/types"
	"slices"
	"testing"
)

// TestInterfaces_OfTheDriverPackage reads which interfaces database/sql/driver
// has in the Go that runs the test. One that is not listed is new, and wrapping
// may lose it.
func TestInterfaces_OfTheDriverPackage(t *testing.T) {
	handled := []string{
		// Always there, with the answer of database/sql where the base has none.
		"Conn", "ConnBeginTx", "ConnPrepareContext", "Connector", "Driver", "DriverContext", "NamedValueChecker", "Pinger",
		"Rows", "RowsColumnTypeDatabaseTypeName", "RowsColumnTypeLength", "RowsColumnTypeNullable",
		"RowsColumnTypePrecisionScale", "RowsColumnTypeScanType", "RowsNextResultSet", "SessionResetter", "Stmt",
		"StmtExecContext", "StmtQueryContext", "Tx", "Validator",
		// There when the base has them.
		"ColumnConverter", "Execer", "ExecerContext", "Queryer", "QueryerContext", "RowsColumnScanner",
		// Of values, which are passed on as they are.
		"Result", "Value", "ValueConverter", "Valuer",
	}
	pkg, err := importer.ForCompiler(token.NewFileSet(), "source", nil).Import("database/sql/driver")
	if err != nil {
		t.Fatal(err)
	}
	scope := pkg.Scope()
	for _, name := range scope.Names() {
		obj := scope.Lookup(name)
		if _, ok := obj.(*types.TypeName); !ok || !obj.Exported() || !types.IsInterface(obj.Type()) {
			continue
		}
		if !slices.Contains(handled, name) {
			t.Errorf("database/sql/driver.%s is not known to this package", name)
		}
	}
}
