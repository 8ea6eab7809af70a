package storage

import (
	"testing"
	"time"
)

// TestStatus_SaysWhatWaitsAndWhatTookTime follows rows from memory into parts,
// and parts into a merge.
func TestStatus_SaysWhatWaitsAndWhatTookTime(t *testing.T) {
	s := mustOpen(t, manual(newFS()))
	defer mustClose(t, s)
	if st := s.Status(); !st.MemorySince.IsZero() || !st.LastFlush.IsZero() || st.FlushTime != 0 {
		t.Errorf("at first %+v", st)
	}
	before := time.Now()
	for i := range smallFanout {
		if st := s.Status(); st.MergeBacklog != (Totals{}) {
			t.Errorf("%d parts wait for a merge of %d", st.MergeBacklog.Parts, smallFanout)
		}
		mustAppend(t, s, Traces, uint64(i+1), testDay, rowID(i))
		if st := s.Status(); st.MemorySince.Before(before) {
			t.Errorf("the oldest row came at %s", st.MemorySince)
		}
		mustFlush(t, s)
	}
	st := s.Status()
	if !st.MemorySince.IsZero() || st.LastFlush.Before(before) || st.FlushTime <= 0 {
		t.Errorf("flushed: %+v", st)
	}
	if st.MergeBacklog != st.Signals[Traces] || st.MergeBacklog.Rows != smallFanout || st.CompactTime != 0 {
		t.Errorf("%+v wait for a merge of %+v", st.MergeBacklog, st.Signals[Traces])
	}
	if err := s.Compact(t.Context()); err != nil {
		t.Fatal(err)
	}
	if st := s.Status(); st.MergeBacklog != (Totals{}) || st.CompactTime <= 0 {
		t.Errorf("merged: %+v", st)
	}
}
