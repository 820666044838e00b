// Package fairshare decides who gives way when something that all clients use together
// runs out: connections, requests, turns of the processor.
//
// Its contract: shares bite only under pressure, so whoever is alone may use everything.
// Under pressure what is taken is taken from the biggest holder, and only for somebody
// who then still holds less; among what one holder has, the least valuable goes first.
// Whoever holds no more than an equal part of the whole never loses anything but what is
// spare. Nothing here waits, closes or logs; that is up to those who ask.
package fairshare
