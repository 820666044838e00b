package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"net/url"
	"strconv"
)

// DebugApps lists the debug applications.
func (c *Client) DebugApps(ctx context.Context) (out []DebugApplication, err error) {
	err = c.call(ctx, http.MethodGet, "/debug/application", nil, &out)
	return out, err
}

// CreateDebug makes a debug application, or replaces the one with the same app id.
func (c *Client) CreateDebug(ctx context.Context, a NewDebugApplication) (out DebugApplication, err error) {
	err = c.call(ctx, http.MethodPost, "/debug/application", a, &out)
	return out, err
}

// Chunk is one piece of a package on its way.
type Chunk struct {
	Index, Total int
	MD5, SHA256  string // of the whole file
	Data         []byte
}

// UploadChunk returns once the chunk is safe on the other side's disk.
func (c *Client) UploadChunk(ctx context.Context, id string, chunk Chunk) (out UploadAnswer, err error) {
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	if err := chunk.fill(form); err != nil {
		return out, fmt.Errorf("chunk %d: %w", chunk.Index, err)
	}
	header := http.Header{"Content-Type": {form.FormDataContentType()}}
	res, err := c.send(ctx, http.MethodPost, debugPath(id, "upload"), header, &body)
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

// UploadStatus says what has arrived.
func (c *Client) UploadStatus(ctx context.Context, id string) (out UploadStatus, err error) {
	err = c.call(ctx, http.MethodGet, debugPath(id, "upload/status"), nil, &out)
	return out, err
}

// Install runs what was uploaded, and returns when it is healthy or has failed.
func (c *Client) Install(ctx context.Context, id string) (out InstallAnswer, err error) {
	err = c.call(ctx, http.MethodPost, debugPath(id, "install"), nil, &out)
	return out, err
}

// DebugStatus is the state of a debug application.
func (c *Client) DebugStatus(ctx context.Context, id string) (out DebugStatus, err error) {
	err = c.call(ctx, http.MethodGet, debugPath(id, "status"), nil, &out)
	return out, err
}

// StopDebug stops a debug application.
func (c *Client) StopDebug(ctx context.Context, id string) (out DebugStatus, err error) {
	err = c.call(ctx, http.MethodPost, debugPath(id, "stop"), nil, &out)
	return out, err
}

// DeleteDebug removes a debug application and everything that belongs to it.
func (c *Client) DeleteDebug(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, debugPath(id, ""), nil, nil)
}

func debugPath(id, rest string) string {
	p := "/debug/application/" + url.PathEscape(id)
	if rest != "" {
		p += "/" + rest
	}
	return p
}

// DiscardUpload drops what has arrived of a package, so that another can be sent.
func (c *Client) DiscardUpload(ctx context.Context, id string) error {
	return c.call(ctx, http.MethodDelete, debugPath(id, "package"), nil, nil)
}
