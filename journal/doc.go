// Package journal reads the logs of applications out of journald for any number of
// followers.
//
// One child, `journalctl --output=export --follow`, serves all who follow: its
// entries are attributed to instances and dealt out ([Hub]). A child and not
// libsystemd in this process, because reading files that journald rotates away can
// end in SIGBUS. History is read by short-lived children of the same kind.
//
// # Whose line is it
//
// Only fields that journald sets itself (they begin with '_') decide. A line belongs
// to an application if its _SYSTEMD_UNIT is an application's unit; a message about a
// unit counts only from PID 1 (_PID=1), from journald (_TRANSPORT=driver), from the
// coredump handler (_UID=0) or from the agent's own unit. Whose unit that is its name
// says, also once it is gone: systemd 252 puts no field of ours into its messages. An
// application may put any other field into its entries; that never makes a line appear
// under another one.
//
// # Where a reader is
//
// An [Entry] carries the journal's cursor. A reader that comes back with the cursor of
// the last entry it saw continues right after it: nothing is lost, nothing is repeated.
// Entries that can no longer be delivered are reported by a [Gap].
//
// Lines of more than 48 KiB arrive in pieces and are joined. While pieces are waiting
// for their end, an entry's id is the last cursor without such a piece plus "#n", the
// number of entries delivered since: reading again from there and leaving out n
// entries is exact, whatever stood between the pieces.
package journal
