//go:build unix

package testservers

import (
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// quitSignal makes PostgreSQL end all of its processes at once.
var quitSignal os.Signal = syscall.SIGQUIT

// serverUser returns whom to run servers as. PostgreSQL and MariaDB refuse to
// run as root, so root steps down to nobody.
func serverUser() (uid, gid uint32, stepDown bool) {
	if os.Geteuid() != 0 {
		return 0, 0, false
	}
	uid, gid = 65534, 65534
	if u, err := user.Lookup("nobody"); err == nil {
		if n, err := strconv.ParseUint(u.Uid, 10, 32); err == nil {
			uid = uint32(n)
		}
		if n, err := strconv.ParseUint(u.Gid, 10, 32); err == nil {
			gid = uint32(n)
		}
	}
	return uid, gid, true
}

func giveAway(dir string) error {
	if uid, gid, stepDown := serverUser(); stepDown {
		return os.Chown(dir, int(uid), int(gid))
	}
	return nil
}

func unprivileged(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	endWithParent(cmd.SysProcAttr)
	if uid, gid, stepDown := serverUser(); stepDown {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
}
