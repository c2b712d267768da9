'use strict'
const express = require('express')
const Redis = require('ioredis')
const pino = require('pino')

const release = process.env.RELEASE || 'dev'
const log = pino({ name: 'cart', timestamp: pino.stdTimeFunctions.isoTime, base: { pid: process.pid, release } })
const redis = new Redis({ port: 21379, host: '127.0.0.1', connectTimeout: 2000 })
redis.on('error', (err) => log.error({ err }, 'redis connection error'))
redis.on('ready', () => log.info('redis ready'))
redis.on('reconnecting', (ms) => log.warn({ ms }, 'redis reconnecting'))

const app = express()
app.use(express.json())
app.use((req, res, next) => {
  const t = Date.now()
  res.on('finish', () => {
    const level = res.statusCode >= 500 ? 'error' : 'info'
    if (req.path !== '/healthz') log[level]({ method: req.method, url: req.originalUrl, status: res.statusCode, ms: Date.now() - t }, 'request')
  })
  next()
})

app.get('/healthz', (req, res) => res.json({ status: 'ok', redis: redis.status }))

app.get('/cart/:user', async (req, res) => {
  const cart = await redis.hgetall(`cart:${req.params.user}`)
  res.json({ user: req.params.user, items: cart })
})

app.post('/cart/:user/items', async (req, res) => {
  const { sku, qty } = req.body
  if (!/^SKU-\d+$/.test(sku || '')) return res.status(422).json({ error: 'bad sku' })
  await redis.hincrby(`cart:${req.params.user}`, sku, qty || 1)
  res.status(201).json({ ok: true })
})

app.post('/cart/:user/checkout', async (req, res) => {
  const items = await redis.hlen(`cart:${req.params.user}`)
  await redis.del(`cart:${req.params.user}`)
  log.info({ user: req.params.user, items }, 'checked out')
  res.json({ ok: true, items })
})

app.get('/recommend/:user', async (req, res) => {
  try {
    await fetch('http://127.0.0.1:21999/v1/recommend', { signal: AbortSignal.timeout(500) })
  } catch (err) {
    log.error({ err: err.cause || err }, 'recommendation service not reachable, answering with the bestsellers')
  }
  res.json({ skus: ['SKU-1', 'SKU-2', 'SKU-3'] })
})

app.use((err, req, res, next) => {
  log.error({ err, url: req.originalUrl }, 'request failed')
  res.status(500).json({ error: 'internal error' })
})

// presence: every 45 s this instance renews its lease
async function renewLease () {
  await redis.set(`cart:instance:${process.env.HOSTNAME || 'cart-1'}`, process.pid, 'EX', 120)
  log.debug('lease renewed')
}

app.listen(21301, '127.0.0.1', async () => {
  log.info({ port: 21301 }, 'cart service listening')
  await renewLease()
  setInterval(renewLease, 45000)
})

process.on('SIGTERM', () => { log.info('SIGTERM, closing'); process.exit(0) })
