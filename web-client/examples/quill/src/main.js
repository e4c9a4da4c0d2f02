// Finds out who is here and which page to show. Pages live in the address: `/#statement=<id>`; a sign-in link
// is `/#sign-in=<secret>`, so that its secret is never in a request line or a log.

import './style.css'
import * as api from './api.js'
import { element } from './element.js'
import { signInPage } from './sign-in-page.js'
import { statementPage } from './statement-page.js'
import { statementsPage } from './statements-page.js'

const root = document.getElementById('page')
// Tabs of one browser share one session; a change of person in one is news to the others.
const session = new BroadcastChannel('plenary-session')

let close = () => {}

function show(page) {
  close()
  close = page.close ?? (() => {})
  root.replaceChildren(page.element)
  document.title = page.title ? `${page.title} · Plenary` : 'Plenary'
  page.opened?.()
}

function notice(title, text) {
  const again = element('button', { type: 'button', class: 'primary', onclick: () => location.reload() }, 'Try again')
  return { title, element: element('main', { class: 'card' }, element('h1', {}, title), element('p', {}, text), again) }
}

function parameter(name) {
  return new URLSearchParams(location.hash.slice(1)).get(name)
}

async function start() {
  const secret = parameter('sign-in')
  let problem
  if (secret) {
    // Gone from the address and the history before anything else can fail.
    history.replaceState(null, '', location.pathname)
    try {
      await api.signInByLink(secret)
    } catch (error) {
      problem = error.status === 0 ? error.message : 'This sign-in link is not valid (any more).'
    }
  }
  await openPage(problem)
}

async function openPage(problem) {
  let me
  try {
    me = await api.me()
  } catch (error) {
    if (error.status === 401) show(signInPage({ problem, signedIn: () => openPage() }))
    else show(notice('Plenary cannot be opened', error.message))
    return
  }
  if (problem) {
    show(notice('Not signed in anew', `${problem} You are still signed in as ${me.user.name}.`))
    return
  }
  session.postMessage(me.user)
  const id = parameter('statement')
  const statement =
    me.statements.find(statement => statement.id === id) ??
    (id === null && me.statements.length === 1 ? me.statements[0] : undefined)
  const signOut = async () => {
    await api.signOut().catch(() => {})
    session.postMessage({ id: null, name: null })
    history.replaceState(null, '', location.pathname)
    await openPage()
  }
  if (statement) show(statementPage({ me, statement, session, signOut }))
  else show(statementsPage({ me, isMissing: id !== null, signOut }))
}

window.addEventListener('hashchange', () => (parameter('sign-in') ? start() : openPage()))
start()
