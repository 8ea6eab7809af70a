package clickhouse

import (
	"testing"
)

// TestDB_AnswersWhatWasInserted runs the real ClickHouse, where it is
// installed.
func TestDB_AnswersWhatWasInserted(t *testing.T) {
	library, err := Library()
	if err != nil {
		t.Skip(err)
	}
	db, err := Open(library, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := db.Exec("CREATE TABLE t (a String, b UInt8, c UInt32, d UInt64, e Float64, f Map(LowCardinality(String), String), `g.x` Array(UInt64)) ENGINE = MergeTree ORDER BY d"); err != nil {
		t.Fatal(err)
	}
	columns := []Column{{"a", "String"}, {"b", "UInt8"}, {"c", "UInt32"}, {"d", "UInt64"}, {"e", "Float64"}, {"f", "Map(LowCardinality(String), String)"}, {"g.x", "Array(UInt64)"}}
	var rows Rows
	for i := range 2 {
		rows.String([]string{"it's", ""}[i])
		rows.Uint8(uint8(i))
		rows.Uint32(uint32(i))
		rows.Uint64(1<<60 + uint64(i))
		rows.Float64(0.5)
		rows.Count(i)
		for range i {
			rows.String("key")
			rows.String("value")
		}
		rows.Count(1)
		rows.Uint64(7)
		rows.Row()
	}
	if err := db.Insert("t", columns, &rows); err != nil {
		t.Fatal(err)
	}
	if rows.Len() != 0 {
		t.Errorf("%d rows are left", rows.Len())
	}
	got, err := db.Query("SELECT * FROM t ORDER BY d SETTINGS output_format_json_quote_64bit_integers = 0", "JSONCompactEachRow")
	if err != nil {
		t.Fatal(err)
	}
	want := `["it's", 0, 0, 1152921504606846976, 0.5, {}, [7]]
["", 1, 1, 1152921504606846977, 0.5, {"key":"value"}, [7]]
`
	if string(got) != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	if _, err := db.Query("SELECT nothing_of_that_name", "Null"); err == nil {
		t.Error("a statement that is wrong gave no error")
	}
}
