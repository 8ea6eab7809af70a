package spill_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
)

const childDir = "TTLOG_SPILL_TEST_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childDir); dir != "" {
		child(dir)
	}
	os.Exit(m.Run())
}

// child appends numbered requests for ever, and tells of each that it is in.
// It reads and acknowledges one in three on the way.
func child(dir string) {
	t := &testing.T{}
	q := open(t, dir, 0)
	from, _ := strconv.Atoi(os.Getenv("TTLOG_SPILL_TEST_FROM"))
	for i := from; ; i++ {
		put(t, q, fmt.Sprintf("%0*d", 10+i%5000, i))
		fmt.Println("in", i)
		if i%3 == 0 {
			f, ok, err := q.Peek(nil)
			if err != nil || !ok {
				panic(err)
			}
			n, _ := strconv.Atoi(string(f.Payload))
			fmt.Println("out", n)
			if err := q.Ack(f); err != nil {
				panic(err)
			}
		}
	}
}

// A process that is killed at any moment loses nothing of what it was told is
// in the queue, and nothing changes its order.
func TestQueue_SurvivesKill(t *testing.T) {
	dir := t.TempDir()
	next, out := 0, -1 // the number to go on with; the newest that was read
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childDir+"="+dir, "TTLOG_SPILL_TEST_FROM="+strconv.Itoa(next))
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		in := next - 1
		for lines := bufio.NewScanner(pipe); lines.Scan(); {
			what, number, _ := strings.Cut(lines.Text(), " ")
			n, err := strconv.Atoi(number)
			if err != nil {
				continue // the last line may be cut
			}
			switch what {
			case "in":
				if in = n; n == next+20+37*round {
					_ = cmd.Process.Kill() // it goes on until the signal arrives
				}
			case "out":
				if n != out && n != out+1 { // again only when its Ack was cut off
					t.Fatalf("read %d after %d", n, out)
				}
				out = n
			}
		}
		_ = cmd.Wait()
		// The child may have been killed between an append and its line.
		q := open(t, dir, 0)
		st := q.Stats()
		f, ok, err := q.Peek(nil)
		if err != nil || !ok {
			t.Fatalf("round %d: %v, %v", round, ok, err)
		}
		first, _ := strconv.Atoi(string(f.Payload))
		next = first + int(st.Frames)
		if (first != out && first != out+1) || (next != in+1 && next != in+2) || st.CorruptBytes != 0 {
			t.Fatalf("round %d: holds %d to %d, want %d to %d; %+v", round, first, next-1, out+1, in, st)
		}
		_ = q.Close()
	}
}
