// The pages of a Plenary server.

import './look.ts'
import './style.css'
import './plenary-app.ts'
import { routeOf } from './router.ts'

// Whoever comes by the address of a text needs the editor: it is fetched while the page finds out who they are. Where that
// fails, the page of the statement tries again and says so.
if (routeOf(location.pathname).page === 'statement') import('@plenary/embed').catch(() => {})
