package journal

// record is one journal entry as far as anything here looks at it. Fields with a
// leading '_' in the journal are set by journald and can be trusted; those under
// "claimed" are whatever the sender wrote.
type record struct {
	cursor   string
	realtime int64 // microseconds
	message  string
	cut      int // bytes of the message that were too many

	// trusted
	unit       string // _SYSTEMD_UNIT
	invocation string // _SYSTEMD_INVOCATION_ID
	transport  string // _TRANSPORT
	exe        string // _EXE
	streamID   string // _STREAM_ID
	lineBreak  string // _LINE_BREAK
	pid        int    // _PID
	uid        string // _UID
	machine    string // _MACHINE_ID, only asked for where it could be another

	// claimed
	priority          int // 6 where the sender gives none
	messageID         string
	claimedUnit       string // UNIT
	claimedInvocation string // INVOCATION_ID
	objectUnit        string // OBJECT_SYSTEMD_UNIT
	coredumpUnit      string // COREDUMP_UNIT
	instance          string // NEXUSHUB_INSTANCE
	aboutUnit         string // NEXUSHUB_UNIT, only asked for in the agent's own lines
	disputed          bool   // NEXUSHUB_INSTANCE was there with two values
	dropped           int64  // N_DROPPED
	exitCode          string // EXIT_CODE, only asked for where an exit is
	exitStatus        int    // EXIT_STATUS
	result            string // UNIT_RESULT

	fields map[string]string // those of ours that are not above, only asked for in the agent's own lines
}

// readFields are the fields that a child is asked for; the rest never crosses the pipe.
const readFields = "MESSAGE,PRIORITY,MESSAGE_ID,UNIT,INVOCATION_ID,OBJECT_SYSTEMD_UNIT,COREDUMP_UNIT," +
	"NEXUSHUB_INSTANCE,N_DROPPED,_SYSTEMD_UNIT,_SYSTEMD_INVOCATION_ID,_TRANSPORT,_EXE,_STREAM_ID,_LINE_BREAK,_PID,_UID"

// continues says whether the line goes on in the next record of the same stream.
func (r *record) continues() bool { return r.lineBreak == "line-max" && r.streamID != "" }
