// The pages of a Plenary server.

import './look.ts'
import './style.css'
import './plenary-app.ts'
