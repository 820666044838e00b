// Package fairshare decides what is evicted when something that all clients share runs out:
// connections, requests, handshakes.
//
// Its contract: shares count only when there is no room, so whoever is alone may use
// everything. Then the biggest holder loses a slot, and only to somebody who still holds less
// afterwards; of its slots, the one of lowest priority goes first. Whoever holds no more than
// an equal part of the whole loses only what is expendable. Pools do not wait, close or log;
// that is up to their users.
package fairshare
