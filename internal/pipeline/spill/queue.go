package spill

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ttlog/ttlog/internal/fsync"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// Limits.
const (
	// DefaultLimit is how many bytes a queue may hold on disk.
	DefaultLimit = 1 << 30
	// maxSegmentBytes is where a segment ends; a larger frame has one alone.
	maxSegmentBytes = 16 << 20
	// maxTitleBytes is how much of a title is read back.
	maxTitleBytes = 4 << 10
)

// ErrTooLarge is returned for a request that alone exceeds the queue's limit.
var ErrTooLarge = errors.New("spill: request exceeds the limit of the queue")

// ErrClosed is returned after Close.
var ErrClosed = errors.New("spill: queue is closed")

// Options of a queue.
type Options struct {
	// Limit bounds the bytes on disk; 0 or less means 1 GiB.
	Limit int64
	// Title is what people call whom the queue is for; it stands in a file
	// beside the segments.
	Title string
	// Room returns why nothing more may be put on the disk; nil means that it
	// always may. It may call Yield.
	Room func() error
	// Logger is told what an operator should know; nil discards.
	Logger *slog.Logger
}

// Frame is one request of the queue.
type Frame struct {
	Signal  otlpwire.Signal
	Records int
	Payload []byte

	start, end uint64
}

// Stats tells what a queue holds and what it lost.
type Stats struct {
	// Bytes on disk, and what waits in them.
	Bytes           int64
	Frames, Records uint64
	Segments        int
	// Since is when the oldest of it came, as far as that is known; zero where
	// nothing waits.
	Since time.Time
	// Limit is that of Bytes.
	Limit int64
	// Outgrown was dropped to stay below the limit, Yielded to make room for
	// others, the oldest first.
	Outgrown, Yielded Loss
	// CorruptBytes were stepped over because no whole frame was in them.
	CorruptBytes uint64
	// SyncErrors are failed attempts to bring a segment to the disk.
	SyncErrors uint64
}

// Loss counts what a queue dropped.
type Loss struct {
	Frames, Bytes uint64
	Records       Records
}

// Records are numbers of records by signal; what is of an unknown signal stands
// at 0.
type Records [otlpwire.Metrics + 1]uint64

// known returns where in Records a signal stands.
func known(s otlpwire.Signal) otlpwire.Signal {
	if s > otlpwire.Metrics {
		return 0
	}
	return s
}

// Sum returns the number over all signals.
func (r Records) Sum() (n uint64) {
	for _, of := range r {
		n += of
	}
	return n
}

// Queue is a bounded queue of requests on disk.
type Queue struct {
	dir      string // immutable
	log      *slog.Logger
	room     func() error
	limit    uint64
	segBytes uint64

	mu       sync.Mutex // guards what follows
	segments []*segment // in order; the last is appended to
	pos      uint64     // of the oldest frame not acknowledged
	end      uint64     // behind the newest frame
	total    uint64     // bytes in segments
	position *positionFile
	stats    Stats // what was lost, and SyncErrors, only
	closed   bool

	dirty  bool  // the newest segment was written to since the last sync
	named  bool  // the names of the segments are not all on disk
	sealed bool  // the newest segment takes no more
	failed error // of a sync that Sync has not told of yet
}

// Open opens the queue in dir, which it creates, and recovers what it holds.
func Open(dir string, o Options) (*Queue, error) {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	q := &Queue{dir: dir, log: o.Logger, room: o.Room, limit: uint64(o.Limit)}
	// Dropping goes by segments; an eighth of the limit at a time.
	q.segBytes = min(maxSegmentBytes, max(q.limit/8, 1))
	if err := q.recover(); err != nil {
		_ = q.closeFiles()
		return nil, fmt.Errorf("spill: open %s: %w", dir, err)
	}
	if o.Title != "" && title(dir) != o.Title {
		// For people only: on a full disk the queue works without.
		_ = os.WriteFile(filepath.Join(dir, titleName), []byte(o.Title), 0o600)
	}
	return q, nil
}

// title returns whom the queue in dir is for, "" where that is not known.
func title(dir string) string {
	f, err := os.Open(filepath.Join(dir, titleName))
	if err != nil {
		return ""
	}
	defer f.Close() // open for reading: nothing can be lost
	text, _ := io.ReadAll(io.LimitReader(f, maxTitleBytes))
	return string(text)
}

func (q *Queue) recover() error {
	if err := q.clear(); err != nil {
		return err
	}
	if err := os.MkdirAll(q.dir, 0o700); err != nil {
		return err
	}
	if err := fsync.Dir(filepath.Dir(q.dir)); err != nil {
		return err
	}
	var err error
	if q.position, q.pos, err = openPosition(q.dir); err != nil {
		return err
	}
	bases, err := listSegments(q.dir)
	if err != nil {
		return err
	}
	for i, base := range bases {
		next := uint64(maxPosition)
		if i+1 < len(bases) {
			next = bases[i+1]
		}
		s, err := openSegment(q.dir, base, next, os.O_RDWR)
		if err != nil {
			return err
		}
		q.segments = append(q.segments, s)
		if err := s.recover(q.pos, i == len(bases)-1); err != nil {
			return err
		}
		q.total += s.size
		q.end = s.end()
	}
	q.end = max(q.end, q.pos)
	return q.trim()
}

// trim removes the segments that lie wholly before the position.
func (q *Queue) trim() error {
	for len(q.segments) > 0 && q.segments[0].end() <= q.pos {
		s := q.segments[0]
		q.segments = q.segments[1:]
		q.total -= s.size
		if err := s.remove(); err != nil {
			return err
		}
	}
	return nil
}

// Append puts a request at the end and, when the queue would exceed its limit,
// removes the oldest ones. The request is safe from the death of the process
// when Append returns, and from power loss after Sync. payload is not kept. The frame returned has no payload;
// it serves to acknowledge a request that went out on another way.
func (q *Queue) Append(signal otlpwire.Signal, records int, payload []byte) (Frame, error) {
	need := headerBytes + uint64(len(payload))
	if need > q.limit || uint64(len(payload)) > 1<<32-1 {
		return Frame{}, fmt.Errorf("%w: %d bytes", ErrTooLarge, len(payload))
	}
	if q.room != nil {
		if err := q.room(); err != nil {
			return Frame{}, fmt.Errorf("spill: %w", err)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return Frame{}, ErrClosed
	}
	if err := q.makeRoom(need); err != nil {
		return Frame{}, fmt.Errorf("spill: %w", err)
	}
	s, err := q.activeLocked(need)
	if err != nil {
		return Frame{}, fmt.Errorf("spill: %w", err)
	}
	h := header{
		length: uint32(len(payload)), records: uint32(records), signal: signal,
		pos: s.end(), sum: crc32.Checksum(payload, castagnoli),
	}
	if err := s.write(h, payload); err != nil {
		return Frame{}, fmt.Errorf("spill: %w", err)
	}
	q.total += need
	q.end = s.end()
	q.dirty = true
	return Frame{Signal: signal, Records: records, start: h.pos, end: h.end()}, nil
}

// makeRoom drops the oldest segments until need more bytes fit.
func (q *Queue) makeRoom(need uint64) error {
	for q.total+need > q.limit && len(q.segments) > 0 {
		if err := q.dropOldest(&q.stats.Outgrown); err != nil {
			return err
		}
	}
	return nil
}

// Yield drops the oldest segments, the newest if need be, until n bytes of the
// disk are free that were not. It returns how many became free, and how many
// records that cost.
func (q *Queue) Yield(n uint64) (freed, records uint64, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, 0, nil
	}
	held, lost := q.total, q.stats.Yielded.Records.Sum()
	for held-q.total < n && len(q.segments) > 0 && err == nil {
		err = q.dropOldest(&q.stats.Yielded)
	}
	if held > q.total {
		err = errors.Join(err, q.position.write(q.pos))
	}
	return held - q.total, q.stats.Yielded.Records.Sum() - lost, err
}

// dropOldest removes the oldest segment and counts what it held.
func (q *Queue) dropOldest(loss *Loss) error {
	s := q.segments[0]
	loss.Frames += s.frames
	for signal, n := range s.records {
		loss.Records[signal] += n
	}
	if s.frames > 0 {
		loss.Bytes += s.end() - max(s.base, q.pos)
	}
	q.pos = max(q.pos, s.end())
	return q.trim()
}

// activeLocked returns the segment to append need bytes to.
func (q *Queue) activeLocked(need uint64) (*segment, error) {
	if n := len(q.segments); n > 0 {
		if s := q.segments[n-1]; !q.sealed && (s.size == 0 || s.size+need <= q.segBytes) {
			return s, nil
		}
		q.syncLocked()
	}
	s, err := createSegment(q.dir, q.end)
	if err != nil {
		return nil, err
	}
	q.segments = append(q.segments, s)
	q.sealed, q.named = false, true
	return s, nil
}

// Sync returns nil when every request appended before it is on the disk. After
// an error nobody can tell of those appended since the Sync before: the kernel
// may have dropped them, and a second attempt would not notice. They can still
// be read, and the next request begins a new segment; who has to be sure
// appends them again.
func (q *Queue) Sync() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	q.syncLocked()
	err := q.failed
	q.failed = nil
	return err
}

// syncLocked brings the newest segment to the disk. The older ones were when
// it was begun.
func (q *Queue) syncLocked() {
	if !q.dirty || len(q.segments) == 0 {
		return
	}
	q.dirty = false
	s := q.segments[len(q.segments)-1]
	err := s.f.Sync()
	if err == nil && q.named {
		err = fsync.Dir(q.dir)
	}
	if err != nil {
		q.sealed = true
		q.stats.SyncErrors++
		q.failed = fmt.Errorf("spill: sync segment %s: %w", s.f.Name(), err)
		return
	}
	q.named = false
}

// Peek reads the oldest request that is not acknowledged; ok is false when
// there is none. The payload is in buf, or in a new slice when it does not fit.
// Frames that are damaged are stepped over and counted.
func (q *Queue) Peek(buf []byte) (f Frame, ok bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return Frame{}, false, ErrClosed
	}
	for q.pos < q.end && len(q.segments) > 0 {
		s := q.segments[0]
		if q.pos < s.base {
			q.pos = s.base // segments between are gone
		}
		h, found, err := s.next(q.pos)
		if err != nil {
			return Frame{}, false, fmt.Errorf("spill: %w", err)
		}
		if !found {
			q.stats.CorruptBytes += s.end() - q.pos
			if err := q.advance(s.end(), nil); err != nil {
				return Frame{}, false, err
			}
			continue
		}
		q.stats.CorruptBytes += h.pos - q.pos
		q.pos = h.pos
		payload, whole, err := s.payload(h, buf)
		if err != nil {
			return Frame{}, false, fmt.Errorf("spill: %w", err)
		}
		if whole {
			return Frame{Signal: h.signal, Records: int(h.records), Payload: payload, start: h.pos, end: h.end()}, true, nil
		}
		q.stats.CorruptBytes += h.end() - h.pos
		if err := q.advance(h.end(), &h); err != nil {
			return Frame{}, false, err
		}
	}
	return Frame{}, false, nil
}

// payload reads the payload of a frame; whole is false when its checksum differs.
func (s *segment) payload(h header, buf []byte) (payload []byte, whole bool, err error) {
	if uint64(cap(buf)) < uint64(h.length) {
		buf = make([]byte, h.length)
	}
	buf = buf[:h.length]
	if _, err := s.f.ReadAt(buf, int64(h.pos-s.base)+headerBytes); err != nil {
		return nil, false, fmt.Errorf("read segment %s at %d: %w", s.f.Name(), h.pos-s.base, err)
	}
	return buf, crc32.Checksum(buf, castagnoli) == h.sum, nil
}

// Ack gives up the request that Peek returned. It does nothing when the
// request was dropped meanwhile.
func (q *Queue) Ack(f Frame) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return ErrClosed
	}
	if q.pos != f.start || f.end <= f.start {
		return nil
	}
	return q.advance(f.end, &header{signal: f.Signal, records: uint32(f.Records)})
}

// advance moves the position in the oldest segment past a frame, or past
// bytes that are none.
func (q *Queue) advance(to uint64, frame *header) error {
	if s := q.segments[0]; frame != nil {
		s.frames--
		of := &s.records[known(frame.signal)]
		*of -= min(uint64(frame.records), *of)
	}
	q.pos = to
	// The space comes first: on a full disk the position may need it. Where
	// only one of the two is done, what is gone counts as acknowledged.
	if err := errors.Join(q.trim(), q.position.write(to)); err != nil {
		return fmt.Errorf("spill: %w", err)
	}
	return nil
}

// Empty tells whether no request waits.
func (q *Queue) Empty() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.pos >= q.end
}

// Stats returns what the queue holds and lost since Open.
func (q *Queue) Stats() Stats {
	q.mu.Lock()
	defer q.mu.Unlock()
	st := q.stats
	st.Bytes, st.Segments, st.Limit = int64(q.total), len(q.segments), int64(q.limit)
	if len(q.segments) > 0 && q.pos < q.end {
		st.Since = q.segments[0].since
	}
	for _, s := range q.segments {
		st.Frames += s.frames
		st.Records += s.records.Sum()
	}
	return st
}

// Close writes everything to disk and closes the files.
func (q *Queue) Close() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return nil
	}
	q.closed = true
	q.syncLocked()
	return errors.Join(q.failed, q.closeFiles())
}

func (q *Queue) closeFiles() error {
	var errs []error
	for _, s := range q.segments {
		errs = append(errs, s.f.Close())
	}
	if q.position != nil {
		errs = append(errs, q.position.close())
	}
	return errors.Join(errs...)
}
