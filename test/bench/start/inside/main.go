// Command inside is the half of bench/start that runs in the machine. As "serve" it is
// the application that is started; as "measure ROUNDS MANY" it writes rows to stdout.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "inside:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, _ io.Writer) error {
	if len(args) == 1 && args[0] == "serve" {
		return serve()
	}
	if len(args) != 3 || args[0] != "measure" {
		return fmt.Errorf("usage: inside serve | measure ROUNDS MANY")
	}
	rounds, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	many, err := strconv.Atoi(args[2])
	if err != nil {
		return err
	}
	rows, err := measure(ctx, rounds, many)
	if err != nil {
		return err
	}
	return json.NewEncoder(stdout).Encode(rows)
}

func serve() error {
	ok := func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }
	return http.ListenAndServe("127.0.0.1:"+os.Getenv("PORT"), http.HandlerFunc(ok))
}
