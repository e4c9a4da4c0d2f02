// Hocuspocus with its SQLite extension, as its documentation sets it up: a database in a file, everything else at its
// default (the document is stored 2 s after a change, at the latest 10 s after), nobody asked for a credential.
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'

const [database] = process.argv.slice(2)
const server = new Server({
  port: 0,
  address: '127.0.0.1',
  // Prints no banner; it has no bearing on what is measured.
  quiet: true,
  extensions: [new SQLite({ database })]
})
await server.listen()
console.log(`listening on http://127.0.0.1:${server.address.port}`)
