package api

// UploadStatus says which chunks of an upload are safe on disk.
type UploadStatus struct {
	ApplicationID  string       `json:"applicationId"`
	TotalChunks    int          `json:"totalChunks"`
	ReceivedChunks int          `json:"receivedChunks"`
	MissingChunks  []ChunkRange `json:"missingChunks"`
	Progress       float64      `json:"progress"` // 0-100
	Completed      bool         `json:"completed"`
	FileHash       string       `json:"fileHash"`         // MD5, as the client sent it
	SHA256         string       `json:"sha256,omitempty"` // once completed
	Error          string       `json:"error,omitempty"`
}

// ChunkRange is a run of chunk indices, both ends included.
type ChunkRange struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// UploadAnswer acknowledges one chunk.
type UploadAnswer struct {
	Status  string `json:"status"` // received, completed
	Message string `json:"message"`
}
