package nexushub_test

import (
	"go/ast"
	"go/token"
	"regexp"
	"strconv"
	"testing"
)

// command is a command line up to a word that is filled in.
var command = regexp.MustCompile(`\b(?:nexushub [a-z]+|chmod|chown|chgrp|cp|rm|journalctl|systemctl [a-z]+)(?: [^;:,()%"]*)? (?:%[sqv]|$)`)

// A command that is suggested with somebody's name in it is written by internal/shell, which
// quotes: an application may be called "My App".
func TestSuggestedCommandsAreQuoted(t *testing.T) {
	for _, s := range sources(t) {
		ast.Inspect(s.file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				if f, ok := call.Fun.(*ast.SelectorExpr); ok && f.Sel.Name == "Command" {
					return false
				}
			}
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, err := strconv.Unquote(lit.Value)
			if err != nil {
				t.Fatal(err)
			}
			if found := command.FindString(text); found != "" {
				t.Errorf("%s: %q: let shell.Command quote what follows", s.dir, found)
			}
			return true
		})
	}
}
