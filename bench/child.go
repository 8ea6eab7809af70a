package bench

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
)

// child is this program once more, in a process of its own whose work counts for
// itself. It says lines on standard output, and ends when its standard input does.
type child struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

// startChild starts this program with arguments.
func startChild(ctx context.Context, args ...string) (*child, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	c := &child{cmd: exec.CommandContext(ctx, self, args...)}
	c.cmd.Stderr = os.Stderr
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.lines = bufio.NewScanner(out)
	return c, c.cmd.Start()
}

// read returns the next line, "" where there is none.
func (c *child) read() string {
	c.lines.Scan()
	return c.lines.Text()
}

// hangUp ends the input: the child says what it has left to say.
func (c *child) hangUp() error { return c.in.Close() }

// wait waits for the end, which hangUp brings about.
func (c *child) wait() error { return errors.Join(c.lines.Err(), c.cmd.Wait()) }
