// Command demo is `make run`: it boots a machine, installs the package, deploys the
// examples and shows what a user would do.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/nexushub/nexushub/test/lab"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	d := demo{out: out}
	flags := flag.NewFlagSet("demo", flag.ContinueOnError)
	flags.StringVar(&d.deb, "deb", "", "package to install")
	flags.StringVar(&d.examples, "examples", "", "folder of the examples' packages")
	flags.BoolVar(&d.once, "once", false, "end when everything was shown")
	suite := flags.String("suite", string(lab.Bookworm), "Debian release")
	if err := flags.Parse(args); err != nil {
		return err
	}
	var err error
	if d.suite, err = lab.ParseSuite(*suite); err != nil {
		return err
	}
	return d.run(ctx)
}
