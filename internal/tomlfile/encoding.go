package tomlfile

import (
	"bytes"
	"errors"
)

// checkEncoding names the encoding that Windows PowerShell writes where ">" makes a file:
// the parser would complain of a strange letter.
func checkEncoding(data []byte) error {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return errors.New("is in UTF-16, as Windows writes it, and must be in UTF-8; convert it: iconv -f UTF-16 -t UTF-8 FILE")
	}
	return nil
}
