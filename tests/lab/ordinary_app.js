// A Node service that retries and succeeds; JSON lines as pino writes them.
let t = 1763795000000;
for (let i = 0; i < 5000; i++) {
  t += 37;
  const pick = i % 9;
  const line = { level: 30, time: t, pid: 4242, hostname: 'web-01', name: 'cart' };
  if (pick === 0) Object.assign(line, { msg: 'request completed', req: { method: 'GET', url: `/cart/${i}` }, res: { statusCode: 200 }, responseTime: i % 40 });
  else if (pick === 1) Object.assign(line, { level: 40, msg: 'payment provider busy, retrying', attempt: 1, status: 503 });
  else if (pick === 2) Object.assign(line, { msg: 'retry succeeded', attempt: 2 });
  else if (pick === 3) Object.assign(line, { level: 20, msg: 'cache miss', key: `cart:${i}` });
  else if (pick === 4) Object.assign(line, { msg: 'validation failed', reason: 'email missing', res: { statusCode: 422 } });
  else if (pick === 5) Object.assign(line, { msg: 'request completed', res: { statusCode: 404 }, req: { url: '/undefined' } });
  else Object.assign(line, { msg: 'heartbeat', errors: 0, failed: 0, database: true, redis: true, healthy: true, status: 'ok' });
  console.log(JSON.stringify(line));
}
