package upload

import (
	"strings"
	"testing"
)

// FuzzReplay reads journals that a crash or a disk has damaged: only whole lines count.
func FuzzReplay(f *testing.F) {
	good := chunk{index: 3, length: 10, place: 30, crc: 7}.line()
	f.Add("boot here\n" + good)
	f.Add(good + "boot here\n" + good[:10])
	f.Add("boot here\n" + good[:10] + "\nboot here\n" + chunk{index: 1, length: 2, place: elsewhere}.line())
	f.Fuzz(func(t *testing.T, text string) {
		chunks, err := replayLines(strings.NewReader(text), "here", func(chunk) bool { return false })
		if err != nil {
			return
		}
		for i, c := range chunks {
			if i != c.index || c.index < 0 || c.length < 0 || !strings.Contains(text, strings.TrimSuffix(c.line(), "\n")) {
				t.Errorf("chunk %+v is in no line", c)
			}
		}
	})
}
