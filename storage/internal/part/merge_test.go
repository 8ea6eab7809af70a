package part_test

import (
	"bytes"
	"testing"

	"github.com/ttlog/ttlog/storage/internal/part"
	"github.com/ttlog/ttlog/storage/internal/tabletest"
)

// TestMerge_KeepsEveryRow merges parts of slices of the captured messages and
// compares the result with all of them.
func TestMerge_KeepsEveryRow(t *testing.T) {
	for _, s := range signals {
		t.Run(s.String(), func(t *testing.T) {
			messages := tabletest.Messages(t, tabletest.File(s))
			messages = messages[:min(len(messages), 36)]
			counts := tabletest.Counts{}
			var parts []*part.Part
			var rows int64
			for i, m := range messages {
				counts.Add(t, s, m, 1)
				if i%10 == 9 {
					// Every other part is cut into small row groups.
					o := part.Options{GroupRows: 1000 + 100_000*(len(parts)%2)}
					p := open(t, write(t, o, fill(t, s, messages[i-9:i+1])))
					rows += p.Info().Rows
					parts = append(parts, p)
				}
			}
			if left := len(messages) % 10; left > 0 {
				p := open(t, write(t, part.Options{}, fill(t, s, messages[len(messages)-left:])))
				rows += p.Info().Rows
				parts = append(parts, p)
			}
			var buf bytes.Buffer
			info, err := part.Merge(&buf, part.Options{GroupRows: 5000}, parts...)
			if err != nil {
				t.Fatal(err)
			}
			if info.Rows != rows || info.Size != int64(buf.Len()) {
				t.Fatalf("merged part is %+v of %d bytes, want %d rows", info, buf.Len(), rows)
			}
			p := open(t, buf.Bytes())
			if err := p.Verify(); err != nil {
				t.Fatal(err)
			}
			takeAway(t, counts, s, p)
			counts.Zero(t, s)
		})
	}
}
