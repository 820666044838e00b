package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"strconv"
)

// Chunk is one piece of a package on its way.
type Chunk struct {
	Index, Total int
	MD5, SHA256  string // of the whole file
	Data         []byte
}

// UploadChunk returns once the chunk is safe on the other side's disk.
func (d Deployments) UploadChunk(ctx context.Context, id string, chunk Chunk) (out UploadAnswer, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := chunk.fill(form); err != nil {
		return out, fmt.Errorf("chunk %d: %w", chunk.Index, err)
	}
	header := http.Header{"Content-Type": {form.FormDataContentType()}}
	res, err := d.client.send(ctx, http.MethodPost, d.of(id, "upload"), header, &body)
	if err != nil {
		return out, err
	}
	defer res.Body.Close()
	return out, json.NewDecoder(res.Body).Decode(&out)
}

func (c Chunk) fill(form *multipart.Writer) error {
	fields := [][2]string{
		{"chunkIndex", strconv.Itoa(c.Index)}, {"totalChunks", strconv.Itoa(c.Total)},
		{"fileHash", c.MD5}, {"sha256", c.SHA256},
	}
	for _, f := range fields {
		if err := form.WriteField(f[0], f[1]); err != nil {
			return err
		}
	}
	part, err := form.CreateFormFile("chunk", "chunk-"+strconv.Itoa(c.Index))
	if err != nil {
		return err
	}
	if _, err := part.Write(c.Data); err != nil {
		return err
	}
	return form.Close()
}

// UploadAnswer acknowledges one chunk.
type UploadAnswer struct {
	Status  string `json:"status"` // received, completed
	Message string `json:"message"`
}

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
	Error          string       `json:"error"`
}

// ChunkRange is a run of chunk indices, both ends included.
type ChunkRange struct {
	From int `json:"from"`
	To   int `json:"to"`
}

// UploadStatus says what has arrived.
func (d Deployments) UploadStatus(ctx context.Context, id string) (out UploadStatus, err error) {
	err = d.client.call(ctx, http.MethodGet, d.of(id, "upload/status"), nil, &out)
	return out, err
}

// DiscardUpload drops what has arrived of a package, so that another can be sent.
func (d Deployments) DiscardUpload(ctx context.Context, id string) error {
	return d.client.call(ctx, http.MethodDelete, d.of(id, "package"), nil, nil)
}

// UploadPackage sends a whole package in one request, and replaces an upload that was there.
func (d Deployments) UploadPackage(ctx context.Context, id string, content io.Reader) error {
	res, err := d.client.send(ctx, http.MethodPut, d.of(id, "package"), http.Header{}, content)
	if err != nil {
		return err
	}
	return res.Body.Close()
}
