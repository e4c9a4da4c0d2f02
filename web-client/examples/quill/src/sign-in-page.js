// E-mail and password.

import * as api from './api.js'
import { brand } from './brand.js'
import { element } from './element.js'

export function signInPage({ problem, signedIn }) {
  const alert = element('p', { class: 'problem', role: 'alert' }, problem ?? '')
  const email = element('input', { id: 'email', type: 'email', autocomplete: 'username', required: true, dir: 'ltr' })
  const password = element('input', {
    id: 'password',
    type: 'password',
    autocomplete: 'current-password',
    required: true,
  })
  const button = element('button', { class: 'primary' }, 'Sign in')

  async function submit(event) {
    event.preventDefault()
    button.disabled = true
    alert.textContent = ''
    try {
      await api.signIn(email.value, password.value)
      await signedIn()
    } catch (error) {
      const isWrong = error.status === 400 || error.status === 401
      alert.textContent = isWrong ? 'This e-mail address and this password do not belong together.' : error.message
      password.select()
    } finally {
      button.disabled = false
    }
  }

  const form = element(
    'form',
    { onsubmit: submit },
    element('label', { for: 'email' }, 'E-mail'),
    email,
    element('label', { for: 'password' }, 'Password'),
    password,
    alert,
    button,
  )
  return {
    title: 'Sign in',
    element: element('main', { class: 'card' }, brand(), element('h1', {}, 'Sign in'), form),
    opened: () => email.focus(),
  }
}
