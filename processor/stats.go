package processor

import "github.com/ttlog/ttlog/internal/recorder"

// Stats is what a processor did with the records it got. Their sum is the
// number of records that were sampled, apart from those under way.
type Stats = recorder.Stats
