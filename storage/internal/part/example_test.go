package part

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/ttlog/ttlog/internal/otlpwire"
	"github.com/ttlog/ttlog/storage/internal/table"
)

// TestFormat_WorkedExample writes the part that docs/format.md takes apart:
// two log records of a second apart, "a" and "b", without anything else.
func TestFormat_WorkedExample(t *testing.T) {
	var records []byte
	for i, body := range []string{"a", "b"} {
		r := otlpwire.AppendFixed64(nil, otlpwire.LogRecordTimeUnixNano, uint64(1+i)*1e9)
		r = otlpwire.AppendBytes(r, otlpwire.LogRecordBody, otlpwire.AppendString(nil, otlpwire.AnyValueString, body))
		records = otlpwire.AppendBytes(records, otlpwire.ScopeGroupRecords, r)
	}
	request := otlpwire.AppendBytes(nil, otlpwire.RequestResource, otlpwire.AppendBytes(nil, otlpwire.GroupScopes, records))
	b, err := table.Decode(otlpwire.Logs, request)
	if err != nil {
		t.Fatal(err)
	}
	tab := table.New(otlpwire.Logs)
	tab.Append(b, 0)
	var buf bytes.Buffer
	if _, err := Write(&buf, Options{}, tab); err != nil {
		t.Fatal(err)
	}
	chunks, footer := split(t, buf.Bytes())
	// time | observed time | shapes of the bodies | bodies
	const wantChunks = "02030080a8d6b90780011e0100ca9a3b" + "020101" + "0101020102020100020102" + "02020207080003001401020300020102"
	const wantFooter = "02" + "01" + "80a8d6b907" + "80d0acf30e" + "a205" + "010002" + "00" + "00" + "02" + "0b" + "00" +
		"20559b197f253f25e380a8d6b90780d0acf30e" + "06fe4483d0f03f4db50101" + "0000000000000000" + "02" + "00" +
		"01" + "16504a661757735626" + "000402" + "20f30f5dd48ecb178d" + "00" + "00" + "00"
	if got := hex.EncodeToString(chunks); got != wantChunks {
		t.Errorf("chunks are %s, want %s", got, wantChunks)
	}
	if got := hex.EncodeToString(footer); got != wantFooter {
		t.Errorf("footer is %s, want %s", got, wantFooter)
	}
}
