package testservers

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"
)

const (
	startTimeout = 60 * time.Second // of one server, its first set-up included
	stopTimeout  = 10 * time.Second
	pollInterval = 20 * time.Millisecond
	maxLogBytes  = 16 << 10
)

// server is a running process with its folder.
type server struct {
	name   string
	cmd    *exec.Cmd
	dir    string
	log    tailBuffer
	stop   os.Signal
	exited chan struct{} // closed when the process has ended
}

// tailBuffer keeps the end of what a server prints. It is safe for concurrent
// use.
type tailBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *tailBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.buf.Len() > maxLogBytes {
		b.buf.Next(b.buf.Len() / 2)
	}
	return b.buf.Write(p)
}

func (b *tailBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// newDir makes a folder that the servers' user may use. Its path is short,
// because that of a unix socket must be.
func newDir() (string, error) {
	dir, err := os.MkdirTemp("", "ttl")
	if err != nil {
		return "", err
	}
	if err := giveAway(dir); err != nil {
		_ = os.RemoveAll(dir)
		return "", err
	}
	return dir, nil
}

// run runs a set-up program to its end, as the servers' user.
func run(dir, path string, args ...string) error {
	cmd := exec.Command(path, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "HOME="+dir, "TMPDIR="+dir)
	unprivileged(cmd)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", path, err, out)
	}
	return nil
}

// start starts a server and waits until ready says that it serves.
func start(s *server, ready func() error, path string, args ...string) error {
	s.cmd = exec.Command(path, args...)
	s.cmd.Dir = s.dir
	s.cmd.Env = append(os.Environ(), "HOME="+s.dir, "TMPDIR="+s.dir)
	s.cmd.Stdout, s.cmd.Stderr = &s.log, &s.log
	unprivileged(s.cmd)
	if err := s.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	s.exited = make(chan struct{})
	go func() { // ends with the process, which close waits for
		_ = s.cmd.Wait()
		close(s.exited)
	}()
	deadline := time.Now().Add(startTimeout)
	for {
		err := ready()
		if err == nil {
			return nil
		}
		select {
		case <-s.exited:
			return fmt.Errorf("%s ended: %s\n%s", s.name, s.cmd.ProcessState, s.log.String())
		case <-time.After(pollInterval):
		}
		if time.Now().After(deadline) {
			s.close()
			return fmt.Errorf("%s is not ready after %v: %w\n%s", s.name, startTimeout, err, s.log.String())
		}
	}
}

// close stops the process and removes its folder.
func (s *server) close() {
	if s.exited != nil {
		if s.cmd.Process.Signal(s.stop) != nil {
			_ = s.cmd.Process.Kill()
		}
		select {
		case <-s.exited:
		case <-time.After(stopTimeout):
			_ = s.cmd.Process.Kill()
			<-s.exited
		}
	}
	_ = os.RemoveAll(s.dir)
}

// shared is a server that all tests of the binary use.
type shared struct {
	once    sync.Once
	address string
	err     error
	server  *server
}

// managed is set while Run is in charge of stopping the servers.
var managed bool

var (
	runningMu sync.Mutex
	running   []*server // guarded by runningMu
)

// Run runs the tests of a binary and stops the servers after them. It returns
// the exit code.
func Run(m *testing.M) int {
	managed = true
	code := m.Run()
	runningMu.Lock()
	defer runningMu.Unlock()
	for _, s := range running {
		s.close()
	}
	running = nil
	return code
}

// get returns the address of the server, starting it when it is not running. A
// port that another process took in the meantime is tried again with another.
func (sh *shared) get(t testing.TB, launch func() (*server, string, error)) string {
	t.Helper()
	sh.once.Do(func() {
		for range 3 {
			if sh.server, sh.address, sh.err = launch(); sh.err == nil {
				break
			}
		}
		if sh.err != nil {
			return
		}
		if !managed {
			t.Cleanup(func() {
				sh.server.close()
				*sh = shared{}
			})
			return
		}
		runningMu.Lock()
		defer runningMu.Unlock()
		running = append(running, sh.server)
	})
	if sh.err != nil {
		t.Fatalf("testservers: %v", sh.err)
	}
	return sh.address
}

// freePort returns a loopback port that was free a moment ago.
func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
