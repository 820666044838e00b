package readable

import (
	"encoding/binary"
	"slices"

	"golang.org/x/sys/unix"
)

// acl is an access control list as the kernel keeps it in an attribute of the file
// (linux/posix_acl_xattr.h); acl(5) has the rules.
type acl []aclEntry

type aclEntry struct {
	tag, granted uint16
	id           uint32
}

const (
	aclVersion  = 2
	aclUserObj  = 0x01
	aclUser     = 0x02
	aclGroupObj = 0x04
	aclGroup    = 0x08
	aclMask     = 0x10
	aclOther    = 0x20
)

func aclOf(path string) (acl, bool) {
	buf := make([]byte, 4<<10)
	n, err := unix.Getxattr(path, "system.posix_acl_access", buf)
	if err != nil {
		return nil, false // most files have none
	}
	return parseACL(buf[:n])
}

func parseACL(b []byte) (list acl, ok bool) {
	if len(b) < 4 || binary.LittleEndian.Uint32(b) != aclVersion {
		return nil, false
	}
	for b = b[4:]; len(b) >= 8; b = b[8:] {
		list = append(list, aclEntry{
			binary.LittleEndian.Uint16(b), binary.LittleEndian.Uint16(b[2:]), binary.LittleEndian.Uint32(b[4:]),
		})
	}
	return list, len(b) == 0
}

// granted: the owner's entry, else the user's own within the mask, else those of his groups
// within the mask, of which each may grant, else that of all others.
func (list acl) granted(u User, st *unix.Stat_t) uint16 {
	if st.Uid == u.ID {
		return list.of(aclUserObj)
	}
	var groups, mask uint16 = 0, 7
	inGroup := false
	for _, e := range list {
		switch {
		case e.tag == aclMask:
			mask = e.granted
		case e.tag == aclGroupObj && slices.Contains(u.Groups, st.Gid),
			e.tag == aclGroup && slices.Contains(u.Groups, e.id):
			inGroup, groups = true, groups|e.granted
		}
	}
	for _, e := range list {
		if e.tag == aclUser && e.id == u.ID {
			return e.granted & mask
		}
	}
	if inGroup {
		return groups & mask
	}
	return list.of(aclOther)
}

func (list acl) of(tag uint16) uint16 {
	for _, e := range list {
		if e.tag == tag {
			return e.granted
		}
	}
	return 0
}
