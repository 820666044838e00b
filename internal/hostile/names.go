package hostile

import (
	"io/fs"
	"testing"
)

func badNames() []Archive {
	return []Archive{
		{"empty file", func(testing.TB) []byte { return nil }, []string{"not a readable zip"}},
		{"not a zip", func(testing.TB) []byte { return []byte(raw("hello ", 100)) }, []string{"not a readable zip"}},
		{"empty zip", bare(), []string{"neither bin/app"}},
		{"nothing to run", bare(Entry{Name: "readme"}), []string{"neither bin/app"}},
		{"static without index", bare(Entry{Name: "static/app.js"}), []string{"static/index.html"}},
		{"bin/app is a folder", bare(Entry{Name: "bin/app/", Mode: fs.ModeDir | 0o755}), []string{"neither bin/app"}},
		{"truncated in the directory", patched(zipOf(), func(b []byte) []byte { return b[:len(b)-30] }), []string{"not a readable zip"}},
		{"truncated to half", patched(zipOf(), func(b []byte) []byte { return b[:len(b)/2] }), []string{"not a readable zip"}},
		{"body missing", patched(zipOf(Entry{Name: "z", Body: raw("abc", 99)}), func(b []byte) []byte { return b[40:] }), []string{"bin/app"}},
		{"absolute path", zipOf(Entry{Name: "/etc/passwd"}), []string{"/etc/passwd: path is absolute"}},
		{"parent path", zipOf(Entry{Name: "../evil"}), []string{"path contains a \"..\" part"}},
		{"parent path in the middle", zipOf(Entry{Name: "a/../../evil"}), []string{"path contains a \"..\" part"}},
		{"parent path that stays inside", zipOf(Entry{Name: "a/../b"}), []string{"path contains a \"..\" part"}},
		{"backslash traversal", zipOf(Entry{Name: `..\..\evil`}), []string{"backslash"}},
		{"drive letter", zipOf(Entry{Name: "C:/evil"}), []string{"drive letter"}},
		{"dot part", zipOf(Entry{Name: "a/./x"}), []string{"shortest form"}},
		{"two dot parts", zipOf(Entry{Name: "././x"}), []string{"shortest form"}},
		{"parent path behind a dot", zipOf(Entry{Name: "./../x"}), []string{"path contains a \"..\" part"}},
		{"absolute path behind a dot", zipOf(Entry{Name: ".//etc/passwd"}), []string{"path is absolute"}},
		{"same file with and without a dot", zipOf(Entry{Name: "x"}, Entry{Name: "./x"}), []string{"x: appears more than once"}},
		{"exec names bin/app, which is missing",
			bare(Entry{Name: "nexushub.toml", Body: `exec = ["./bin/app", "serve"]`}, Entry{Name: "x"}), []string{"no file"}},
		{"script with CRLF behind a link",
			bare(Link("bin/app", "../run.sh"), Entry{Name: "run.sh", Body: "#!/bin/sh\r\nexec true\r\n"}), []string{"CRLF"}},
		{"top folder", bare(Entry{Name: "shop-1.4/bin/app"}), []string{"they are in the folder shop-1.4/"}},
		{"folder in a folder", bare(Entry{Name: "a/b/static/index.html"}, Entry{Name: "__MACOSX/a/._b"}), []string{"they are in the folder a/b/"}},
		{"script with a byte order mark", bare(Entry{Name: "bin/app", Body: "\ufeff#!/bin/sh\nexec true\n"}),
			[]string{"bin/app: begins with a byte order mark"}},
		{"script with CRLF", bare(Entry{Name: "bin/app", Body: "#!/bin/sh\r\nexec true\r\n"}), []string{"CRLF"}},
		{"double slash", zipOf(Entry{Name: "a//x"}), []string{"shortest form"}},
		{"control character", zipOf(Entry{Name: "a\x1b[2Jx"}), []string{"control characters", `\x1b`}},
		{"newline in the name", zipOf(Entry{Name: "a\nb"}), []string{"control characters"}},
		{"C1 control in the name", zipOf(Entry{Name: "a\u009bx"}), []string{"control characters"}},
		{"name that reads backwards", zipOf(Entry{Name: "static/\u202egpj.exe"}), []string{"direction of text", `\u202e`}},
		{"name of two lines", zipOf(Entry{Name: "a\u2028b"}), []string{"control characters"}},
		{"part ends with a dot", zipOf(Entry{Name: "a./b"}), []string{"dot or a space"}},
		{"part ends with a space", zipOf(Entry{Name: "a "}), []string{"dot or a space"}},
		{"drive and backslash", zipOf(Entry{Name: `C:\x`}), []string{"drive letter"}},
		{"no name", zipOf(Entry{Name: ""}), []string{"has no name"}},
		{"NUL in the name", zipOf(Entry{Name: "a\x00b"}), []string{"control characters"}},
		{"name not UTF-8", zipOf(Entry{Name: "a\xff\xfe"}), []string{"not UTF-8"}},
		{"name too long", zipOf(Entry{Name: raw("d/", 600) + "x"}), []string{"1024 bytes"}},
		{"part too long", zipOf(Entry{Name: raw("n", 256)}), []string{"255 bytes"}},
		{"same file twice", zipOf(Entry{Name: "x"}, Entry{Name: "x", Body: "other"}), []string{"x: appears more than once"}},
		{"bin/app twice", zipOf(App), []string{"bin/app: appears more than once"}},
		{"names differ in case", zipOf(Entry{Name: "Readme"}, Entry{Name: "README"}), []string{"upper and lower case"}},
		{"folders differ in case", zipOf(Entry{Name: "lib/a"}, Entry{Name: "Lib/b"}), []string{"upper and lower case"}},
		{"file is also a folder", zipOf(Entry{Name: "x"}, Entry{Name: "x/y"}), []string{"not a folder"}},
	}
}
