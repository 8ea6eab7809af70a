// Package otlpfile reads files of OTLP as the OpenTelemetry Collector's file
// exporter writes them: protobuf messages, each behind its length as 4 bytes
// big-endian, or OTLP JSON, one message behind the other. Either may be compressed with
// zstd or gzip. What a file holds is told by its first bytes, its signal by
// the words of its name or by the caller.
//
// The entry point is [Open]. A [Reader] is for one goroutine.
package otlpfile

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/ttlog/ttlog/internal/otlpjson"
	"github.com/ttlog/ttlog/internal/otlpwire"
)

// MaxMessageBytes bounds one message, so that a damaged length cannot make the
// reader allocate what the file does not hold.
const MaxMessageBytes = 64 << 20

// ErrSignal is returned where neither the caller nor the file's name tells the
// signal.
var ErrSignal = errors.New("the signal is not told by the file name; name it (traces, logs or metrics)")

// byteOrderMark is what some programs put in front of a text.
const byteOrderMark = "\ufeff"

// Reader reads the messages of one file in order.
type Reader struct {
	name    string
	signal  otlpwire.Signal
	json    bool
	in      *bufio.Reader
	closers []func() error
	buf     []byte
	message int   // number of messages read
	offset  int64 // bytes read, uncompressed
	start   int64 // where the newest message begins
}

// Open opens the file at path. A zero signal means that the file's name tells
// it. The caller closes the Reader.
func Open(path string, signal otlpwire.Signal) (*Reader, error) {
	if signal == 0 {
		if signal = SignalOfName(path); signal == 0 {
			return nil, fmt.Errorf("%s: %w", path, ErrSignal)
		}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	return New(path, f, signal)
}

// New reads from src, which the Reader closes; name appears in errors.
func New(name string, src io.ReadCloser, signal otlpwire.Signal) (*Reader, error) {
	r := &Reader{name: name, signal: signal, closers: []func() error{src.Close}}
	in := bufio.NewReaderSize(src, 1<<16)
	in, err := r.decompress(in)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), r.Close())
	}
	r.in = in
	if mark, _ := in.Peek(len(byteOrderMark)); string(mark) == byteOrderMark {
		_, _ = in.Discard(len(byteOrderMark)) // they are there
		r.offset = int64(len(byteOrderMark))
	}
	// A length never has one of these as its first byte: it would be 150 MB or more.
	head, err := in.Peek(1)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, errors.Join(fmt.Errorf("%s: %w", name, err), r.Close())
	}
	r.json = len(head) == 1 && strings.ContainsRune("{[\n\r\t ", rune(head[0]))
	return r, nil
}

func (r *Reader) decompress(in *bufio.Reader) (*bufio.Reader, error) {
	magic, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	switch {
	case bytes.Equal(magic, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		// A window above 128 MiB asks for more memory than any writer of
		// telemetry uses.
		z, err := zstd.NewReader(in, zstd.WithDecoderMaxWindow(128<<20), zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		r.closers = append(r.closers, func() error { z.Close(); return nil })
		return bufio.NewReaderSize(z, 1<<16), nil
	case len(magic) >= 2 && magic[0] == 0x1f && magic[1] == 0x8b:
		z, err := gzip.NewReader(in)
		if err != nil {
			return nil, err
		}
		return bufio.NewReaderSize(z, 1<<16), nil
	}
	return in, nil
}

// SignalOfName finds the signal in a file's name: the words trace(s), span(s),
// log(s) and metric(s) between its dots, dashes and underscores. It returns 0
// where there is none.
func SignalOfName(path string) otlpwire.Signal {
	words := strings.FieldsFunc(strings.ToLower(filepath.Base(path)), func(c rune) bool {
		return c == '.' || c == '-' || c == '_' || c == ' '
	})
	for _, w := range words {
		if s, err := ParseSignal(w); err == nil {
			return s
		}
	}
	return 0
}

// ParseSignal returns the signal that a word names.
func ParseSignal(word string) (otlpwire.Signal, error) {
	switch strings.ToLower(word) {
	case "traces", "trace", "spans", "span":
		return otlpwire.Traces, nil
	case "logs", "log":
		return otlpwire.Logs, nil
	case "metrics", "metric":
		return otlpwire.Metrics, nil
	}
	return 0, fmt.Errorf("unknown signal %q, want traces, logs or metrics", word)
}

// Signal returns the signal of the file's messages.
func (r *Reader) Signal() otlpwire.Signal { return r.signal }

// Offset returns how many bytes of the uncompressed stream have been read.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next message as the bytes of an Export…ServiceRequest,
// which are valid until the next call. At the end it returns io.EOF; a file
// that ends in the middle of a message is an error.
func (r *Reader) Next() ([]byte, error) {
	var msg []byte
	var err error
	if r.json {
		msg, err = r.nextJSON()
	} else {
		msg, err = r.nextProto()
	}
	if err != nil {
		if errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, fmt.Errorf("%s: message %d at byte %d: %w", r.name, r.message+1, r.start, err)
	}
	r.message++
	return msg, nil
}

func (r *Reader) nextProto() ([]byte, error) {
	r.start = r.offset
	var head [4]byte
	n, err := io.ReadFull(r.in, head[:])
	if err != nil {
		if n == 0 && errors.Is(err, io.EOF) {
			return nil, io.EOF
		}
		return nil, noEOF(err)
	}
	size := int(binary.BigEndian.Uint32(head[:]))
	if size > MaxMessageBytes {
		return nil, fmt.Errorf("%w: a length of %d bytes, at most %d are read: want OTLP JSON, or protobuf messages, each behind its length in 4 bytes",
			otlpwire.ErrMalformed, size, MaxMessageBytes)
	}
	// Grow by what arrives and not by what is claimed.
	buf := bytes.NewBuffer(r.buf[:0])
	if _, err := io.CopyN(buf, r.in, int64(size)); err != nil {
		return nil, noEOF(err)
	}
	r.buf = buf.Bytes()
	r.offset += int64(len(head) + size)
	return r.buf, nil
}

func (r *Reader) nextJSON() ([]byte, error) {
	doc, err := r.document()
	if err != nil {
		return nil, err
	}
	if doc[0] == '[' {
		return nil, fmt.Errorf("%w: a JSON array: want the objects alone, one behind the other", otlpwire.ErrMalformed)
	}
	if holds := signalOfJSON(doc); holds != 0 && holds != r.signal {
		return nil, otherSignal(holds, r.signal)
	}
	return otlpjson.Request(r.signal, doc, nil)
}

// document reads one JSON object, at most MaxMessageBytes: a line, as the
// Collector writes them, or as many lines as somebody made of one.
func (r *Reader) document() ([]byte, error) {
	r.buf = r.buf[:0]
	var depth int
	var inString, escaped bool
	for {
		part, err := r.in.ReadSlice('\n')
		if len(r.buf) == 0 {
			// What is between two objects belongs to neither.
			trimmed := bytes.TrimLeft(part, " \t\r\n")
			r.offset += int64(len(part) - len(trimmed))
			r.start, part = r.offset, trimmed
		}
		r.buf = append(r.buf, part...)
		r.offset += int64(len(part))
		for _, c := range part {
			switch {
			case escaped:
				escaped = false
			case inString:
				escaped, inString = c == '\\', c != '"'
			case c == '"':
				inString = true
			case c == '{' || c == '[':
				depth++
			case c == '}' || c == ']':
				depth--
			}
		}
		switch {
		case len(r.buf) > MaxMessageBytes:
			return nil, fmt.Errorf("%w: JSON of more than %d bytes", otlpwire.ErrMalformed, MaxMessageBytes)
		case errors.Is(err, bufio.ErrBufferFull):
		case err != nil && !errors.Is(err, io.EOF):
			return nil, noEOF(err)
		case len(r.buf) > 0 && depth <= 0:
			// What is no JSON is the parser's to say, by the line.
			return bytes.TrimSpace(r.buf), nil
		case err != nil && len(r.buf) > 0:
			return nil, noEOF(err)
		case err != nil:
			return nil, io.EOF
		}
	}
}

// signalOfJSON tells the signal of a request by its first key, or returns 0.
func signalOfJSON(doc []byte) otlpwire.Signal {
	key, _, _ := bytes.Cut(bytes.TrimLeft(doc, "{ \t\r\n"), []byte(":"))
	switch string(bytes.TrimSpace(key)) {
	case `"resourceSpans"`, `"resource_spans"`:
		return otlpwire.Traces
	case `"resourceLogs"`, `"resource_logs"`:
		return otlpwire.Logs
	case `"resourceMetrics"`, `"resource_metrics"`:
		return otlpwire.Metrics
	}
	return 0
}

func otherSignal(holds, want otlpwire.Signal) error {
	return fmt.Errorf("%w: it holds %s and is read as %s: name the signal (--signal %[2]s)", otlpwire.ErrMalformed, holds, want)
}

// OtherSignal returns why a protobuf message that is malformed as one signal may
// be so, where it is well formed as another: nothing in its bytes says what it
// is. It returns nil where it is none of them.
func OtherSignal(want otlpwire.Signal, msg []byte) error {
	for _, other := range []otlpwire.Signal{otlpwire.Traces, otlpwire.Logs, otlpwire.Metrics} {
		if n, err := otlpwire.Validate(other, msg); other != want && err == nil && n.Records > 0 {
			return otherSignal(other, want)
		}
	}
	return nil
}

// Close closes the file.
func (r *Reader) Close() error {
	var err error
	for _, v := range slices.Backward(r.closers) {
		err = errors.Join(err, v())
	}
	r.closers = nil
	return err
}

// noEOF makes the end of the input inside a message an error of its own.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: the input ends in the middle of a message", otlpwire.ErrMalformed)
	}
	return err
}
