const express = require('express')
const fs = require('fs')
const path = require('path')

const file = path.join(process.env.STATE_DIRECTORY || '.', 'notes.json')
const notes = fs.existsSync(file) ? JSON.parse(fs.readFileSync(file)) : []

const app = express()
app.set('trust proxy', 'loopback') // the proxy says who asks, and that it was by https
app.get('/', (req, res) => res.send(`<h1>${notes.length} notes</h1><p>${req.protocol}://${req.host}, ${req.ip}`))
app.get('/api/notes', (req, res) => res.json(notes))
app.post('/api/notes', express.json(), (req, res) => {
  notes.push(String(req.body.text))
  fs.writeFileSync(file, JSON.stringify(notes))
  res.status(201).json(notes)
})
app.listen(process.env.PORT || 3000, process.env.HOST)
