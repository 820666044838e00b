const express = require('express')

const app = express()
app.set('trust proxy', 'loopback')
app.get('/', (req, res) => res.send(`${req.protocol} ${req.hostname} ${req.ip}`))
app.post('/', express.json(), (req, res) => res.json(req.body))
app.get('/api/host', (req, res) => res.json({ host: process.env.NEXUSHUB_HOST, secret: process.env.INTERNAL_SECRET }))
app.listen(process.argv[3], process.env.HOST)
