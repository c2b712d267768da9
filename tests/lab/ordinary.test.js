// Passing tests whose names are full of failures.
for (const what of ['ECONNREFUSED', 'timeout', 'heap out of memory', 'undefined', 'rejects an unhandled rejection', 'error 500']) {
  for (let n = 0; n < 15; n++) test(`handles ${what}, case ${n}`, () => { expect(() => { throw new Error(what); }).toThrow(what); });
}
