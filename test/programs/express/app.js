const express = require('express')

const app = express()
app.set('trust proxy', 'loopback')
app.get('/', (req, res) => res.send(`${req.protocol} ${req.hostname} ${req.ip}`))
app.post('/', express.json(), (req, res) => res.json(req.body))
app.listen(process.env.PORT)
