package journal

// Item is what a reader gets: an entry or a gap.
type Item struct {
	Entry *Entry
	Gap   *Gap
}

func (i Item) instance() string {
	if i.Gap != nil {
		return i.Gap.instance
	}
	return i.Entry.Instance
}
