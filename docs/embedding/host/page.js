// What the page does: load the editor from the Plenary server, and fetch a token each time the editor asks for one.

const { plenary, document: id, user } = await (await fetch('/settings')).json()
const editor = document.querySelector('plenary-editor')
const why = document.querySelector('#why')
const access = document.querySelector('#access')

const script = `${plenary}/embed/plenary-editor.js`
const json = { 'content-type': 'application/json' }
const away = `${plenary} cannot be reached just now.`
const unknown = `${plenary} does not take this page's word for who you are: this site is not, or no longer, registered there.`

/** Why there was no answer that this page may read: the server is not there, or it answers other sites only. */
const whySilent = () => fetch(script, { method: 'HEAD', cache: 'no-store' }).then(() => unknown, () => away)

/** Our server's word for whoever is signed in here, exchanged for a session that opens this one document. */
async function session() {
  const ours = await fetch('/plenary-token', { method: 'POST' })
  // Nobody is signed in here any more.
  if (ours.status === 401) return null
  const body = JSON.stringify({ token: (await ours.json()).token })
  const answer = await fetch(`${plenary}/api/v1/embed/session`, { method: 'POST', headers: json, body }).catch(() => null)
  if (!answer?.ok) {
    // What is wrong, in the server's words. Thrown, so that the editor keeps what is written and asks again by itself.
    why.textContent = answer ? `The text cannot be opened: ${(await answer.json()).detail}.` : await whySilent()
    throw new Error(why.textContent)
  }
  why.textContent = ''
  return (await answer.json()).token
}

await import(script).catch(() => (why.textContent = away))
editor.tokenProvider = session
editor.addEventListener('plenary-role-change', ({ detail }) => {
  access.textContent = detail.access === 'read' ? 'You can read this text, but not change it.' : 'You can write here.'
})
editor.user = user
editor.server = plenary
editor.document = id
