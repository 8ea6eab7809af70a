package frames

import (
	"slices"
	"strings"
	"testing"
)

func TestTop(t *testing.T) {
	for name, c := range map[string]struct{ stack, want string }{
		"go":         {"goroutine 7 [running]:\nruntime/debug.Stack()\n\t/usr/go/src/runtime/debug/stack.go:24 +0x5e\ngithub.com/shop/cart.(*Cart).Load(0xc0001, {0x1, 0x2})\n\t/srv/cart.go:12 +0x1d\nmain.main()\n\t/srv/main.go:3 +0x1\n", "github.com/shop/cart.(*Cart).Load main.main"},
		"java":       {"java.lang.IllegalStateException: no cart\n\tat com.shop.Cart.load(Cart.java:12)\n\tat com.shop.Main.main(Main.java:3)\nCaused by: x\n\t... 2 more", "com.shop.Cart.load com.shop.Main.main"},
		"python":     {"Traceback (most recent call last):\n  File \"/srv/main.py\", line 3, in <module>\n    load()\n  File \"/srv/cart.py\", line 12, in load\n    raise E\nE: no cart", "cart.load main.<module>"},
		"javascript": {"Error: no cart\n    at load (/srv/cart.js:12:3)\n    at async main (/srv/main.js:3:1)", "load main"},
		"dotnet":     {"System.Exception: no cart\r\n   at Shop.Cart.Load(Int32 id) in /srv/Cart.cs:line 12\r\n   at Shop.Main.Run()", "Shop.Cart.Load Shop.Main.Run"},
		"ruby":       {"cart.rb:12:in `load': no cart (E)\n\tfrom main.rb:3:in `<main>'", "load <main>"},
		"php":        {"#0 /srv/cart.php(12): Shop\\Cart->load(7)\n#1 {main}", `Shop\Cart->load`},
		"none":       {"something went wrong (at last)", ""},
	} {
		if got := strings.Join(Top(c.stack, 5), " "); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	if got := Top(strings.Repeat("  at a.b(C.java:1)\n", 1000), 3); !slices.Equal(got, []string{"a.b", "a.b", "a.b"}) {
		t.Errorf("got %v, want three", got)
	}
}
