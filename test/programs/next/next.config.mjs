// The package is read-only, so rendered pages are kept in memory alone.
export default { experimental: { isrFlushToDisk: false } }
