//go:build !unix

package testservers

import (
	"os"
	"os/exec"
)

var quitSignal = os.Kill

func giveAway(string) error { return nil }

func unprivileged(*exec.Cmd) {}
