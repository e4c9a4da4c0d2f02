// What a page has to do: load the editor from the Plenary server, and say where to get a token.

const { server, document: id } = await (await fetch('/settings')).json()
await import(`${server}/embed/plenary-editor.js`)

const editor = document.querySelector('plenary-editor')
// Your own server knows who is signed in at your page; it fetches a token for them and hands it on.
editor.tokenProvider = async () => (await (await fetch('/token', { method: 'POST' })).json()).token
editor.user = { id: 'ana', name: 'Ana at the Forum' }
editor.server = server
editor.document = id

const state = document.querySelector('#state')
editor.addEventListener('plenary-save-state', ({ detail }) => {
  state.textContent = detail.state === 'saved' ? 'Everything is saved.' : ''
})
editor.addEventListener('plenary-error', ({ detail }) => console.warn(`plenary: ${detail.code}`))

document.querySelector('#download').addEventListener('click', async () => {
  await editor.ready()
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob([editor.exportAs('text')], { type: 'text/plain' }))
  link.download = 'statement.txt'
  link.click()
  URL.revokeObjectURL(link.href)
})
